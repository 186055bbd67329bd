"""Answers of Zoom's with HTTP 200, by stream: what came, and what is to become of it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from integration_tests.harness import Json


class Seen(NamedTuple):
    """An answer with HTTP 200, in as many pages as Zoom gave.

    becomes   what the connector makes of fields of every row, where it is not what Zoom gave
    odd       how many rows lack a key, which costs them alone
    unknown   fields that no column is declared for, since they are of Zoom's first API or of a client's own
    leads_to  for a list: the keys of what is found by it
    """

    what: str
    pages: Sequence[Json]
    becomes: Json = {}
    odd: int = 0
    unknown: Sequence[str] = ()
    leads_to: Sequence[object] = ()


PAGE = {"page_count": 1, "page_number": 1, "page_size": 30, "total_records": 1, "next_page_token": ""}
TEXT_PAGE = {"page_count": "1", "page_size": "30", "total_records": "1", "next_page_token": ""}
NO_EMAIL_ANSWERS = {
    "registrants_email_notification": True,
    "meeting_authentication": False,
    "approved_or_denied_countries_or_regions": {"enable": False},
    "breakout_room": {"enable": False},
}
SETTINGS = {
    "host_video": False,
    "jbh_time": 0,
    "use_pmi": False,
    "approval_type": 2,
    "audio": "both",
    "auto_recording": "none",
    "enforce_login_domains": "",
    "alternative_hosts": "",
    "close_registration": False,
    "global_dial_in_countries": ["US"],
    "global_dial_in_numbers": [
        {"country_name": "US", "number": "+1 555 010 0001", "type": "toll", "country": "US"},
        {"country_name": "US", "city": "Rome", "number": "+1 555 010 0002", "type": "toll", "country": "US"},
    ],
    **NO_EMAIL_ANSWERS,
    "encryption_type": "enhanced_encryption",
    "internal_meeting": False,
    "continuous_meeting_chat": {"enable": True, "auto_add_invited_external_users": False, "channel_id": "c1"},
    "participant_focused_meeting": False,
    "push_change_to_calendar": False,
    "resources": [],
    "show_join_info": False,
    "enable_dedicated_group_chat": True,
    "private_meeting": False,
    "host_save_video_order": False,
    "sign_language_interpretation": {"enable": False},
    "email_in_attendee_report": False,
}
MEETING = {
    "uuid": "sK/9tQ+Lw7aB==",
    "id": 81000000101,
    "host_id": "uHost0001",
    "host_email": "host@example.com",
    "assistant_id": "",
    "topic": "Planning 计划",
    "type": 2,
    "status": "waiting",
    "start_time": "2026-11-24T14:00:00Z",
    "duration": 30,
    "timezone": "America/Los_Angeles",
    "agenda": "",
    "created_at": "2026-11-01T11:41:48Z",
    "start_url": "https://zoom.example/s/81000000101?zak=secret",
    "join_url": "https://us06web.zoom.example/j/81000000101?pwd=p",
    "settings": SETTINGS,
    "pre_schedule": False,
}
INVITED = {
    "custom_keys": [{"key": "team", "value": "north"}],
    "calendar_type": 1,
    "authentication_exception": [{"email": "a@example.com", "name": "Ann", "join_url": "https://a.example"}],
    "language_interpretation": {
        "enable": True,
        "interpreters": [{"email": "i@x.example", "languages": "US,FR"}],
    },
    "approved_or_denied_countries_or_regions": {"enable": True, "method": "deny", "denied_list": ["CX"]},
    "breakout_room": {"enable": True, "rooms": [{"name": "one", "participants": ["a@example.com"]}]},
    "resources": [{"resource_type": "whiteboard", "resource_id": "r", "permission_level": "editor"}],
    "meeting_invitees": [{"email": "a@example.com", "internal_user": False}],
    "who_will_receive_summary": 1,
    "waiting_room_options": {"mode": "follow_setting", "who_goes_to_waiting_room": "everyone"},
}
RECURRENCE = {
    "end_date_time": "2026-12-02T15:59:00Z",
    "end_times": 7,
    "monthly_day": 1,
    "repeat_interval": 1,
    "type": 1,
    "weekly_days": "1",
}
OCCURRENCES = [
    {
        "duration": 60,
        "occurrence_id": "1790000000000",
        "start_time": "2026-11-25T07:46:00Z",
        "status": "available",
    }
]
WEBINAR = {
    "uuid": "9dLq+w==",
    "id": 81000000201,
    "host_id": "uHost0001",
    "topic": "Launch",
    "type": 5,
    "start_time": "2026-11-29T18:00:00Z",
    "duration": 120,
    "timezone": "America/Los_Angeles",
    "agenda": "",
    "created_at": "2026-11-06T17:14:44Z",
    "start_url": "https://zoomVobWJR.anonymous",
    "join_url": "https://zoom.example/j/81000000201?",
    "password": "951236",
}
REGISTRANT = {
    "id": "1N_dAztsCG-hXUFhoBdTyy",
    "first_name": "Ann",
    "last_name": "Vane",
    "email": "ann@example.com",
    "address": "",
    "phone": "",
    "purchasing_time_frame": "",
    "no_of_employees": "",
    "custom_questions": [],
    "status": "approved",
    "create_time": "2026-11-10T11:45:21Z",
    "join_url": "https://zoom.example/w/81000000101?tk=t.e&pwd=p",
}
ASKED_REGISTRANT = {
    **REGISTRANT,
    "purchasing_time_frame": "1-3 months",
    "role_in_purchase_process": "Influencer",
    "no_of_employees": "1-20",
    "custom_questions": [{"title": "What do you hope for?", "value": "Recipes"}],
}
POLL = {
    "id": "ADHoMS6jWujHj217Md7P8U",
    "title": "Birthdays",
    "anonymous": False,
    "status": "notstart",
    "poll_type": 2,
    "questions": [
        {
            "name": "Is it yours?",
            "type": "single",
            "answers": ["Yes", "No"],
            "show_as_dropdown": False,
            "answer_required": False,
        }
    ],
}
RATED_POLL = {
    **POLL,
    "questions": [
        {
            "name": "How useful?",
            "type": "rank_order",
            "answer_max_character": 200,
            "answer_min_character": 1,
            "case_sensitive": False,
            "prompts": [{"prompt_question": "How are you?", "prompt_right_answers": ["Good"]}],
            "rating_max_label": "Very",
            "rating_max_value": 4,
            "rating_min_label": "",
            "rating_min_value": 0,
            "right_answers": ["Good"],
        }
    ],
}
POLLS = [
    Seen("two polls", [{"total_records": 2, "polls": [POLL, {**POLL, "id": "a8VGFa"}]}]),
    Seen("rated", [{"total_records": 1, "polls": [RATED_POLL]}]),
    Seen(
        "counted by a text, few fields",
        [
            {
                "total_records": "1",
                "polls": [{"id": "cdjf", "status": "ended", "title": "Learn", "questions": []}],
            }
        ],
    ),
]
QUESTIONS = [
    Seen(
        "none asked", [{"questions": [{"field_name": "last_name", "required": True}], "custom_questions": []}]
    ),
    Seen(
        "some asked",
        [
            {
                "questions": [
                    {"field_name": "org", "required": True},
                    {"field_name": "zip", "required": False},
                ],
                "custom_questions": [
                    {"title": "What then?", "type": "short", "required": False},
                    {"title": "Which?", "type": "single", "required": True, "answers": ["This", "That"]},
                ],
            }
        ],
    ),
]
ANSWERED = {
    "question": "Why is the sky blue?",
    "answer": "I don't know",
    "polling_id": "a8VGFa",
    "date_time": "2026-11-10 16:35:41",
}
POLL_RESULTS = [
    Seen(
        "a guest without an e-mail, times without a zone",
        [{"questions": [{"name": "Guest", "first_name": "Guest", "question_details": [ANSWERED, ANSWERED]}]}],
    ),
    Seen(
        "a user of the account, in an envelope",
        [
            {
                "id": 81000000301,
                "uuid": "y/ozQ+cNK==",
                "start_time": "2026-11-10T15:30:00Z",
                "questions": [
                    {
                        "name": "Ann Vane",
                        "email": "ann@example.com",
                        "first_name": "Ann",
                        "last_name": "Vane",
                        "question_details": [{**ANSWERED, "date_time": "2026-11-10T16:35:41Z"}],
                    }
                ],
            }
        ],
    ),
    Seen(
        "seven decimals",
        [
            {
                "questions": [
                    {
                        "email": "b@example.com",
                        "name": "Bo",
                        "question_details": [{**ANSWERED, "date_time": "2026-11-10T16:35:41.0000000+00:00"}],
                    }
                ]
            }
        ],
    ),
]
STAY = {
    "id": "7GJ3V2rRCIpvYIZN4O38Wm",
    "user_id": "16778240",
    "name": "Ann Vane (She/Her)",
    "user_email": "ann@example.com",
    "join_time": "2026-11-10T15:00:42Z",
    "leave_time": "2026-11-10T15:04:32Z",
    "duration": 230,
    "attentiveness_score": "",
}
LATER_STAY = {**STAY, "failover": False, "status": "in_meeting", "customer_key": ""}
PARTICIPANTS = [
    Seen("of 2020, without status", [{**PAGE, "participants": [STAY]}]),
    Seen(
        "a user, and a guest who has no id of any kind",
        [
            {
                **PAGE,
                "total_records": 2,
                "participants": [
                    {**LATER_STAY, "participant_user_id": "7GJ3V2rRCIpvYIZN4O38Wm"},
                    {**LATER_STAY, "id": "", "user_email": "", "name": "Guest"},
                ],
            }
        ],
    ),
    Seen("a guest without id who has an e-mail", [{**PAGE, "participants": [{**STAY, "id": ""}]}]),
    Seen(
        "no name, and more counted than came",
        [
            {
                **PAGE,
                "total_records": 4,
                "participants": [{**STAY, "id": "", "user_email": ""}, {**STAY, "id": "", "name": ""}],
            }
        ],
    ),
    Seen(
        "in a breakout room, of a registrant",
        [{**PAGE, "participants": [{**LATER_STAY, "registrant_id": "a-b", "bo_mtg_id": "Dk/ExG1v=="}]}],
    ),
    Seen(
        "seven decimals",
        [{**PAGE, "participants": [{**STAY, "join_time": "2026-11-10T15:00:42.0000000+00:00"}]}],
    ),
    Seen(
        "numbers as text",
        [{**TEXT_PAGE, "participants": [{**STAY, "duration": "20"}]}],
        becomes={"duration": 20},
    ),
    Seen(
        "a page token at the end",
        [
            {**PAGE, "next_page_token": "more", "participants": [{**STAY, "attentiveness_score": "10"}]},
            {**PAGE, "page_count": 0, "total_records": 0, "participants": []},
        ],
    ),
    Seen("an inner user, of a group", [{**PAGE, "participants": [{**STAY, "internal_user": True}]}]),
]
REPORT = {
    "uuid": "fyX9x67PWifK8BnEKaB6UE==",
    "id": 81000000401,
    "type": 8,
    "topic": "Weekly",
    "user_name": "Ann Vane",
    "user_email": "ann@example.com",
    "start_time": "2026-11-10T15:00:42Z",
    "end_time": "2026-11-10T15:04:32Z",
    "duration": 4,
    "total_minutes": 5,
    "participants_count": 2,
    "tracking_fields": [],
    "dept": "",
}
REPORTS = [
    Seen("names its host", [{**REPORT, "host_id": "uHost0001"}]),
    Seen(
        "with keys and fields of the account",
        [
            {
                **REPORT,
                "uuid": "iOTQ/Zpm+TUq==",
                "custom_keys": [{"key": "Nation", "value": "US"}],
                "tracking_fields": [{"field": "Nation", "value": "US"}],
            }
        ],
    ),
    Seen(
        "milliseconds, no dept, a UUID that is no base64",
        [
            {
                **{name: REPORT[name] for name in REPORT if name != "dept"},
                "uuid": "sfsd2d",
                "start_time": "2026-11-10T15:00:42.754Z",
            }
        ],
    ),
    Seen(
        "seven decimals", [{**REPORT, "uuid": "4444AAAi==", "end_time": "2026-11-10T15:04:32.0000000+00:00"}]
    ),
]
USER = {
    "id": "aNS7l-aMLCQLIanv1ukkuF",
    "first_name": "Ann",
    "last_name": "Vane",
    "email": "ann@example.com",
    "type": 2,
    "pmi": 9710000658,
    "timezone": "America/Los_Angeles",
    "verified": 1,
    "created_at": "2026-02-12T11:06:04Z",
    "last_login_time": "2026-11-19T11:36:44Z",
    "language": "",
    "phone_number": "",
    "status": "active",
}
PENDING = {
    "created_at": "2026-11-20T12:00:01Z",
    "email": "new@example.com",
    "id": "",
    "pmi": 0,
    "role_id": "0",
    "status": "pending",
    "type": 1,
    "user_created_at": "2026-11-02T12:55:33Z",
    "verified": 0,
}
OLD_FLAGS = {
    "disable_chat": False,
    "enable_silent_mode": False,
    "disable_jbh_reminder": True,
    "meeting_capacity": 0,
    "token": "",
}

# By stream. Answers that hang on a meeting, a webinar or a past occurrence are each that of another one.
ANSWERS: Mapping[str, Sequence[Seen]] = {
    "users": [
        Seen(
            "of 2024",
            [
                {
                    **PAGE,
                    "users": [
                        {
                            **USER,
                            "display_name": "Ann V",
                            "role_id": "0",
                            "user_created_at": "2026-02-12T11:06:04Z",
                        }
                    ],
                }
            ],
        ),
        Seen(
            "pending, without id, in pages that only their number tells",
            [
                {"page_count": 2, "page_number": 1, "page_size": 1, "total_records": 2, "users": [PENDING]},
                {
                    "page_count": 2,
                    "page_number": 2,
                    "page_size": 1,
                    "total_records": 2,
                    "users": [{**PENDING, "email": "newer@example.com"}],
                },
            ],
            becomes={"id": "pending:{email}"},
        ),
        Seen(
            "with a picture and a licence, in pages with a token",
            [
                {
                    **PAGE,
                    "page_count": 2,
                    "next_page_token": "8V8H",
                    "total_records": 2,
                    "users": [
                        {
                            **USER,
                            "pic_url": "https://zoom.example/p/1",
                            "custom_attributes": [{"key": "cbf_cy", "name": "A1", "value": "2323"}],
                            "employee_unique_id": "HqDy",
                            "group_ids": ["t-_-d5"],
                            "im_group_ids": ["Name of a group"],
                            "division_ids": ["d1"],
                            "last_client_version": "5.2.45120.0906(win)",
                            "plan_united_type": "1",
                            "license_info_list": [
                                {
                                    "license_type": "ZOOM_WORKPLACE_BUNDLE",
                                    "license_option": 16,
                                    "subscription_id": "SUB-1",
                                }
                            ],
                        }
                    ],
                },
                {**PAGE, "page_count": 2, "page_number": 2, "users": [{**USER, "id": "u2"}]},
            ],
        ),
        Seen(
            "of Zoom's first API, with a blank behind the e-mail",
            [{**PAGE, "users": [{**USER, "email": "ann@example.com ", **OLD_FLAGS}]}],
            unknown=sorted(OLD_FLAGS),
        ),
        Seen("an id and a status alone", [{"users": [{"id": "u1"}, {"id": "u2"}], "next_page_token": ""}]),
        Seen("null for none", [{"users": None, "next_page_token": None}]),
    ],
    "meetings": [
        Seen(
            "with registration", [{**MEETING, "registration_url": "https://zoom.example/meeting/register/r"}]
        ),
        Seen(
            "under a personal number, which is a text",
            [
                {
                    **MEETING,
                    "id": 81000000102,
                    "pmi": "9970000247",
                    "password": "928059",
                    "encrypted_password": "7Tj5.7",
                    "h323_password": "928059",
                    "pstn_password": "928059",
                    "settings": {
                        **SETTINGS,
                        "use_pmi": True,
                        "meeting_invitees": [{"email": "a@example.com"}],
                    },
                }
            ],
        ),
        Seen(
            "recurring, from a template",
            [
                {
                    **MEETING,
                    "id": 81000000103,
                    "assistant_id": "kFFv-Q1",
                    "chat_join_url": "https://zoom.example/launch/jc/1",
                    "template_id": "Dv4Yd5==",
                    "occurrences": OCCURRENCES,
                    "recurrence": RECURRENCE,
                    "settings": {**SETTINGS, **INVITED, "additional_data_center_regions": ["TY"]},
                }
            ],
        ),
        Seen(
            "seven decimals",
            [{**MEETING, "id": 81000000104, "created_at": "2026-11-01T07:29:29.0000000+00:00"}],
        ),
        Seen(
            "of 2020, with few settings",
            [
                {
                    "uuid": "gFYY/Z==",
                    "id": 81000000105,
                    "host_id": "uHost0001",
                    "topic": "Old",
                    "type": 2,
                    "status": "waiting",
                    "settings": {"host_video": True, "waiting_room": True},
                }
            ],
        ),
        Seen("an id, a UUID and a topic alone", [{"id": 1, "uuid": "aaa==", "topic": "t"}]),
    ],
    "meeting_registrants": [
        Seen(
            "empty texts",
            [{**PAGE, "total_records": 2, "registrants": [REGISTRANT, {**REGISTRANT, "id": "TQ_S"}]}],
        ),
        Seen(
            "with answers and a PIN, more pages than a token leads to",
            [
                {
                    **PAGE,
                    "next_page_token": "w758",
                    "total_records": 20,
                    "registrants": [{**ASKED_REGISTRANT, "participant_pin_code": 380303}],
                },
                {"next_page_token": "", "registrants": []},
            ],
        ),
    ],
    "meeting_polls": POLLS,
    "meeting_questions": QUESTIONS,
    "meeting_poll_results": POLL_RESULTS,
    "webinars": [
        Seen(
            "of 2020",
            [
                {
                    **WEBINAR,
                    "settings": {
                        "alternative_hosts": "",
                        "authentication_domains": "",
                        "contact_name": "A V",
                        "hd_video": False,
                        "on_demand": False,
                        "post_webinar_survey": False,
                        "question_answer": True,
                        "registrants_restrict_number": 0,
                        "global_dial_in_numbers": SETTINGS["global_dial_in_numbers"],
                    },
                }
            ],
        ),
        Seen(
            "recurring, from a template",
            [
                {
                    **WEBINAR,
                    "id": 81000000202,
                    "host_email": "host@example.com",
                    "template_id": "ull6",
                    "registration_url": "https://zoom.example/webinar/register/r",
                    "encrypted_passcode": "8pEk.1",
                    "h323_passcode": "123456",
                    "occurrences": OCCURRENCES,
                    "recurrence": RECURRENCE,
                    "settings": {
                        "additional_data_center_regions": ["TY"],
                        "attendees_and_panelists_reminder_email_notification": {"enable": True, "type": 0},
                        "follow_up_absentees_email_notification": {"enable": True, "type": 0},
                    },
                }
            ],
        ),
        Seen(
            "of Zoom's first API, whose id is a text",
            [
                {
                    **WEBINAR,
                    "id": "81000000203",
                    "option_start_type": "video",
                    "option_audio": "both",
                    "status": 0,
                }
            ],
            becomes={"id": 81000000203},
            unknown=["option_audio", "option_start_type", "status"],
        ),
    ],
    "webinar_panelists": [
        Seen(
            "with a name tag",
            [
                {
                    "total_records": 1,
                    "panelists": [
                        {
                            "id": "Tg2b6",
                            "email": "ann@example.com",
                            "name": "Ann Vane",
                            "join_url": "https://zoom.example/w/1",
                            "virtual_background_id": "xHhP",
                            "name_tag_id": "xHhP",
                            "name_tag_name": "Ann",
                            "name_tag_pronouns": "she",
                            "name_tag_description": "Chair",
                        }
                    ],
                }
            ],
        ),
        Seen(
            "without id",
            [{"total_records": "1", "panelists": [{"name": "Bo", "email": "b@x.example"}]}],
            odd=1,
        ),
    ],
    "webinar_registrants": [
        Seen("empty texts", [{**PAGE, "registrants": [REGISTRANT]}]),
        Seen(
            "milliseconds, and a page token at the end",
            [
                {
                    **PAGE,
                    "next_page_token": "more",
                    "registrants": [{**ASKED_REGISTRANT, "create_time": "2026-11-02T23:59:31.080Z"}],
                },
                {**PAGE, "registrants": []},
            ],
        ),
        Seen(
            "one without id",
            [{**PAGE, "total_records": 2, "registrants": [{"id": "", "email": "b@x.example"}, REGISTRANT]}],
            odd=1,
        ),
    ],
    "webinar_polls": POLLS,
    "webinar_questions": QUESTIONS,
    "webinar_tracking_sources": [
        Seen(
            "a number for an id, and viewers",
            [
                {
                    "total_records": 2,
                    "tracking_sources": [
                        {
                            "id": "5516482804110",
                            "registration_count": 1,
                            "source_name": "https://example.com",
                            "tracking_url": "https://zoom.example/webinar/register/5516/WN_j",
                            "visitor_count": 1,
                        },
                        {
                            "id": "abc123xyz",
                            "source_name": "A mail",
                            "visitor_count": 245,
                        },
                    ],
                }
            ],
        )
    ],
    "webinar_absentees": [
        Seen(
            "seven decimals",
            [
                {
                    **PAGE,
                    "registrants": [{**ASKED_REGISTRANT, "create_time": "2026-11-10T05:59:09.0000000+00:00"}],
                }
            ],
        ),
        Seen("more counted than came", [{**PAGE, "total_records": 20, "registrants": [ASKED_REGISTRANT]}]),
    ],
    "webinar_poll_results": POLL_RESULTS,
    "webinar_qna_results": [
        Seen(
            "a question and its answer",
            [
                {
                    "questions": [
                        {
                            "email": "a@x.example",
                            "name": "Ann",
                            "question_details": [{"answer": "Good", "question": "How?"}],
                        }
                    ]
                }
            ],
        ),
        Seen(
            "with times",
            [
                {
                    "id": 81000000302,
                    "uuid": "gkAB/IJ==",
                    "start_time": "2026-11-10T14:00:00Z",
                    "questions": [
                        {
                            "name": "Bo",
                            "email": "",
                            "question_details": [
                                {
                                    "question": "Is there a trial?",
                                    "answer": "live answered",
                                }
                            ],
                        }
                    ],
                }
            ],
        ),
    ],
    "report_meetings": REPORTS,
    "report_meeting_participants": PARTICIPANTS,
    "report_webinars": [seen._replace(pages=[{**seen.pages[0], "type": 4}]) for seen in REPORTS],
    "report_webinar_participants": PARTICIPANTS,
}
