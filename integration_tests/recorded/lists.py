"""Answers of Zoom's with HTTP 200, by list that leads to streams."""

from collections.abc import Mapping, Sequence

from integration_tests.recorded.answers import PAGE, Seen

LISTED = {"host_id": "uHost0001", "topic": "Weekly", "type": 8, "timezone": "Asia/Jerusalem"}
HELD = {
    "id": 81000000501,
    "type": 2,
    "start_time": "2026-11-10T15:00:42Z",
    "end_time": "2026-11-10T15:10:00Z",
    "duration": 10,
    "participants_count": 2,
    "user_email": "ann@example.com",
}
# By list that leads to streams. Each answer is that of another user or meeting; of the hosts there is one.
LISTS: Mapping[str, Sequence[Seen]] = {
    "user_meetings": [
        Seen(
            "in pages with a token",
            [
                {
                    "page_size": 1,
                    "total_records": 2,
                    "next_page_token": "rP03",
                    "meetings": [{**LISTED, "id": 82000000001, "uuid": "y84U+x=="}],
                },
                {
                    "page_size": 1,
                    "total_records": 2,
                    "next_page_token": "",
                    "meetings": [{**LISTED, "id": 82000000002, "uuid": "/3oHH=="}],
                },
            ],
            leads_to=[82000000001, 82000000002],
        ),
        Seen(
            "of Zoom's first API: ids as text, a key with a blank, pages that only their number tells",
            [
                {
                    "page_count": 2,
                    "page_number": 1,
                    "page_size": 1,
                    "total_records": 2,
                    "meetings": [
                        {"id": "82000000003", "uuid": "u", "status": 0, "option_enforce_login_domains ": ""}
                    ],
                },
                {
                    "page_count": 2,
                    "page_number": 2,
                    "page_size": 1,
                    "total_records": 2,
                    "meetings": [{"id": "82000000004", "uuid": "v", "status": 0}],
                },
            ],
            leads_to=[82000000003, 82000000004],
        ),
        Seen(
            "a short number",
            [{**PAGE, "meetings": [{**LISTED, "id": 2222, "uuid": "J8H8"}]}],
            leads_to=[2222],
        ),
    ],
    "user_webinars": [
        Seen(
            "ids, UUIDs and topics alone, two slashes in one",
            [
                {
                    "webinars": [
                        {"id": 83000000001, "uuid": "wPU/p==", "topic": "one"},
                        {"id": 83000000002, "uuid": "/abc//d==", "topic": "two"},
                    ],
                    "next_page_token": "",
                }
            ],
            leads_to=[83000000001, 83000000002],
        ),
        Seen(
            "numbers as text, one id empty",
            [
                {
                    **PAGE,
                    "total_records": 2,
                    "webinars": [
                        {"id": "", "uuid": "d", "type": "5"},
                        {"id": "83000000003", "uuid": "e", "type": "5", "duration": "60"},
                    ],
                }
            ],
            odd=1,
            leads_to=[83000000003],
        ),
        Seen(
            "simulive",
            [
                {
                    **PAGE,
                    "webinars": [{**LISTED, "id": 83000000004, "uuid": "f", "type": 9, "is_simulive": True}],
                }
            ],
            leads_to=[83000000004],
        ),
    ],
    "meeting_instances": [
        Seen(
            "UUIDs that are no base64",
            [
                {
                    "meetings": [
                        {"uuid": "mlghmfghlBBB", "start_time": "2026-11-10T02:00:00Z"},
                        {"uuid": "J8H8==", "start_time": "2026-11-11T19:00:00Z"},
                    ]
                }
            ],
            leads_to=["J8H8== 2026-11-11T19:00:00Z", "mlghmfghlBBB 2026-11-10T02:00:00Z"],
        ),
        Seen(
            "seven decimals",
            [{"meetings": [{"uuid": "Vg8I==", "start_time": "2026-11-10T05:37:59.0000000+00:00"}]}],
            leads_to=["Vg8I== 2026-11-10T05:37:59Z"],
        ),
    ],
    "webinar_instances": [
        Seen(
            "seven decimals and a slash",
            [{"webinars": [{"uuid": "Bzny/oZ==", "start_time": "2026-11-10T06:44:14.0000000+00:00"}]}],
            leads_to=["Bzny/oZ== 2026-11-10T06:44:14Z"],
        ),
    ],
    "report_hosts": [
        Seen(
            "with attributes, more counted than came",
            [
                {
                    "from": "2026-11-01",
                    "to": "2026-11-20",
                    "next_page_token": "b43Y",
                    "page_count": 30,
                    "page_number": 1,
                    "page_size": 30,
                    "total_records": 2,
                    "total_meetings": 34,
                    "users": [
                        {
                            "id": "uOne",
                            "custom_attributes": [{"key": "k", "name": "age", "value": "18"}],
                            "dept": "HR",
                            "meeting_minutes": 342,
                            "meetings": 45,
                            "participants": 56,
                            "type": 1,
                            "user_name": "Ann",
                        }
                    ],
                },
                {"next_page_token": "", "users": [{"id": "uTwo", "user_name": "Bo"}]},
            ],
            leads_to=["uOne 2026-11-10T15:00:00Z", "uTwo 2026-11-10T15:00:00Z"],
        ),
    ],
    "reported_occurrences": [
        Seen(
            "all fields, a webinar among them",
            [
                {
                    **PAGE,
                    "from": "2026-11-01",
                    "to": "2026-11-20",
                    "total_records": 2,
                    "meetings": [
                        {
                            **HELD,
                            "uuid": "4444AA==",
                            "source": "Zoom",
                            "session_key": "ABC36",
                            "schedule_time": "12/22/2026 16:20",
                            "join_time": "12/22/2026 16:20",
                            "host_name": "Ann",
                            "has_chat": False,
                            "meeting_encryption_status": 1,
                            "participants_count_my_account": 2,
                        },
                        {**HELD, "uuid": "webinar==", "type": "5"},
                    ],
                }
            ],
            leads_to=["4444AA== 2026-11-10T15:00:42Z"],
        ),
        Seen(
            "seven decimals",
            [
                {
                    **PAGE,
                    "meetings": [
                        {**HELD, "uuid": "5555AA==", "start_time": "2026-11-11T15:00:42.0000000+00:00"}
                    ],
                }
            ],
            leads_to=["5555AA== 2026-11-11T15:00:42Z"],
        ),
    ],
}
