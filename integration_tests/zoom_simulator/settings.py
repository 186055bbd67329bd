"""The parts of meetings and webinars that are alike in all of them: mostly their settings.

Rows share these objects, so treat a row as read-only.
"""

from typing import Any

_DIAL_IN = [
    {
        "city": "Berlin",
        "country": "DE",
        "country_name": "Germany",
        "number": "+49 30 5679 5800",
        "type": "toll",
    }
]
_INTERPRETATION = {
    "enable": True,
    "interpreters": [
        {"email": "interpreter@acme.example", "interpreter_languages": "English,French", "languages": "US,FR"}
    ],
}
_SIGN_LANGUAGE = {
    "enable": True,
    "interpreters": [{"email": "signs@acme.example", "sign_language": "American"}],
}
_COMMON: dict[str, Any] = {
    "allow_host_control_participant_mute_state": False,
    "allow_multiple_devices": True,
    "alternative_host_update_polls": True,
    "audio": "both",
    "audio_conference_info": "",
    "authentication_domains": "acme.example",
    "authentication_name": "Sign in to Zoom",
    "authentication_option": "signIn_Yb3vXLUpRnKiHIpS8MRqDA",
    "close_registration": False,
    "contact_email": "events@acme.example",
    "contact_name": "Events Team",
    "email_in_attendee_report": True,
    "enforce_login": False,
    "enforce_login_domains": "",
    "global_dial_in_countries": ["DE", "US"],
    "global_dial_in_numbers": _DIAL_IN,
    "host_video": True,
    "language_interpretation": _INTERPRETATION,
    "meeting_authentication": False,
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "registration_type": 1,
    "request_permission_to_unmute_participants": False,
    "show_share_button": True,
    "sign_language_interpretation": _SIGN_LANGUAGE,
}
MEETING_SETTINGS: dict[str, Any] = {
    **_COMMON,
    "alternative_host_manage_cloud_recording": False,
    "alternative_host_manage_meeting_summary": False,
    "alternative_hosts_email_notification": True,
    "approved_or_denied_countries_or_regions": {
        "approved_list": ["DE", "FR"],
        "denied_list": ["AQ"],
        "enable": True,
        "method": "approve",
    },
    "authentication_exception": [
        {
            "email": "guest@partner.example",
            "join_url": "https://zoom.example/s/11111?exception=1",
            "name": "Guest",
        }
    ],
    "auto_add_recording_to_video_management": {
        "channels": [{"channel_id": "Uoc_9IfUTXWBQy5kUZuEwQ", "name": "All hands"}],
        "enable": True,
    },
    "auto_recording": "cloud",
    "auto_start_ai_companion_questions": False,
    "auto_start_meeting_summary": True,
    "breakout_room": {"enable": True, "rooms": [{"name": "Room 1", "participants": ["user0@acme.example"]}]},
    "calendar_type": 1,
    "cn_meeting": False,
    "continuous_meeting_chat": {
        "auto_add_invited_external_users": True,
        "auto_add_meeting_participants": True,
        "channel_id": "cabc1234567defghijkl01234",
        "enable": True,
        "who_is_added": "all_users",
    },
    "custom_keys": [{"key": "cost_center", "value": "4711"}],
    "device_testing": False,
    "disable_participant_video": False,
    "email_notification": True,
    "encryption_type": "enhanced_encryption",
    "focus_mode": False,
    "host_save_video_order": True,
    "in_meeting": False,
    "internal_meeting": False,
    "jbh_time": 5,
    "join_before_host": True,
    "meeting_invitees": [{"email": "user0@acme.example", "internal_user": True}],
    "mute_upon_entry": True,
    "participant_focused_meeting": False,
    "participant_video": False,
    "private_meeting": False,
    "push_change_to_calendar": False,
    "question_and_answer": {
        "allow_anonymous_questions": True,
        "allow_submit_questions": True,
        "attendees_can_comment": True,
        "attendees_can_upvote": True,
        "enable": True,
        "question_visibility": "all",
    },
    "resources": [
        {"permission_level": "viewer", "resource_id": "X4Hy02w3QUOdskKofgb9Jg", "resource_type": "whiteboard"}
    ],
    "show_join_info": False,
    "summary_template_id": "e3a1b2c4d5",
    "use_pmi": False,
    "waiting_room": True,
    "waiting_room_options": {"mode": "custom", "who_goes_to_waiting_room": "everyone"},
    "watermark": False,
    "who_can_ask_questions": 1,
    "who_will_receive_summary": 1,
}
# Not in Zoom's reference, but in its changelog, or some accounts have been seen to send it.
UNDOCUMENTED_MEETING_SETTINGS: dict[str, Any] = {
    "additional_data_center_regions": ["TY"],
    "allow_participants_to_transcribe_meetings_with_my_notes": True,
    "enable_dedicated_group_chat": False,
    "support_participants_receive_summary": False,
    "waiting_room_options": {
        **MEETING_SETTINGS["waiting_room_options"],
        "admit_type": 1,
        "auto_admit": 1,
        "enable": True,
        "internal_user_auto_admit": 1,
    },
}
WEBINAR_SETTINGS: dict[str, Any] = {
    **_COMMON,
    "add_audio_watermark": False,
    "add_watermark": True,
    "attendees_and_panelists_reminder_email_notification": {"enable": True, "type": 1},
    "auto_recording": "none",
    "email_language": "en-US",
    "enable_session_branding": True,
    "follow_up_absentees_email_notification": {"enable": True, "type": 1},
    "follow_up_attendees_email_notification": {"enable": False, "type": 0},
    "hd_video": True,
    "hd_video_for_attendees": False,
    "notify_registrants": True,
    "on_demand": False,
    "panelist_authentication": False,
    "panelists_invitation_email_notification": True,
    "panelists_video": True,
    "post_webinar_survey": True,
    "practice_session": True,
    "question_and_answer": {
        "allow_anonymous_questions": True,
        "allow_auto_reply": True,
        "allow_submit_questions": True,
        "answer_questions": "all",
        "attendees_can_comment": True,
        "attendees_can_upvote": True,
        "auto_reply_text": "We will answer by email.",
        "enable": True,
    },
    "registrants_restrict_number": 500,
    "send_1080p_video_to_attendees": False,
    "survey_url": "https://survey.example/webinar",
}
UNDOCUMENTED_WEBINAR_SETTINGS: dict[str, Any] = {
    "additional_data_center_regions": ["TY"],
    "question_answer": True,
    "show_join_info": False,
}
RECURRENCE: dict[str, dict[str, Any]] = {
    "daily": {"type": 1, "repeat_interval": 1},
    "weekly": {"type": 2, "repeat_interval": 1, "weekly_days": "2"},
    "monthly by day": {"type": 3, "repeat_interval": 1, "monthly_day": 15},
    "monthly by week": {"type": 3, "repeat_interval": 3, "monthly_week": 1, "monthly_week_day": 3},
}
QUESTIONS: list[dict[str, Any]] = [
    {
        "answer_required": True,
        "answers": ["Good", "Bad"],
        "name": "How was it?",
        "right_answers": ["Good"],
        "show_as_dropdown": False,
        "type": "single",
    },
    {
        "answer_required": False,
        "answers": ["Berlin", "Paris"],
        "name": "Match them",
        "prompts": [{"prompt_question": "Germany", "prompt_right_answers": ["Berlin"]}],
        "type": "matching",
    },
    {
        "answer_max_character": 200,
        "answer_min_character": 1,
        "answer_required": False,
        "case_sensitive": False,
        "name": "What did you miss?",
        "type": "short_answer",
    },
    {
        "answer_required": False,
        "name": "Would you come again?",
        "rating_max_label": "Certainly",
        "rating_max_value": 10,
        "rating_min_label": "Never",
        "rating_min_value": 0,
        "type": "rating_scale",
    },
]
