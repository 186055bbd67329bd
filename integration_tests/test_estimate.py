"""The command that says what a sync will cost, against syncs of the same account."""

import re
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

import pytest

from integration_tests.conftest import Connector, InProcess, Output, server_to_server, still_clock
from integration_tests.outcomes import Syncs
from integration_tests.zoom_simulator import Simulator, Size, refusals, truth
from integration_tests.zoom_simulator.routes import GRANULAR_SCOPES
from source_zoom.api.rate_limits import LABELS, PLANS
from source_zoom.streams import STREAMS

Start = Callable[..., Simulator]

# Many hosts with little each, as most large accounts are.
SPARSE = {"meetings_per_user": 2, "webinars_per_user": 1, "unlisted_per_user": 1, "past_occurrences": 1}
# Requests by label, as the sentences have them.
BY_LABEL = r"about ([\d,]+) requests \(([\d,]+) LIGHT, ([\d,]+) MEDIUM, ([\d,]+) HEAVY\)"


def estimate(connector: InProcess, account: Simulator, **config: Any) -> Output:
    return connector.run(
        "estimate", "--config", connector.file("config.json", server_to_server(account, **config))
    )


def sentence(output: Output, beginning: str) -> tuple[int, dict[str, int]]:
    """The requests that a sentence names, all of them and by label."""
    found = re.search(rf"^{beginning} {BY_LABEL}", output.text, re.MULTILINE)
    assert found, output.text
    total, *by_label = (int(number.replace(",", "")) for number in found.groups())
    assert total == sum(by_label)
    return total, dict(zip(LABELS, by_label, strict=True))


def requests(account: Simulator) -> int:
    return sum(account.journal.requests.values()) - account.journal.token_requests


def took(output: Output) -> int:
    found = re.search(r"^To estimate that took ([\d,]+) requests\.$", output.text, re.MULTILINE)
    assert found, output.text
    return int(found[1].replace(",", ""))


def assert_near(account: Simulator, connector: InProcess) -> tuple[Output, Syncs]:
    """An estimate is within 15 % of what the first sync takes, and takes less than 5 % of it."""
    output = estimate(connector, account)
    assert output.code == 0, output.text
    asked = requests(account)
    assert took(output) == asked
    told, by_label = sentence(output, "A first sync takes")
    syncs = Syncs(account, connector)
    assert syncs.run().code == 0
    real = requests(account)
    assert real * 0.85 < told < real * 1.15, (told, real)
    assert asked < real * 0.05, (asked, real)
    for label in LABELS:
        of_label = account.journal.requests[label]
        assert of_label * 0.75 < by_label[label] < of_label * 1.25, (label, by_label, of_label)
    return output, syncs


@pytest.mark.storm
@pytest.mark.parametrize("seed", [1, 2])
def test_twenty_users(start: Start, in_process: InProcess, seed: int) -> None:
    in_process.without_waiting()
    account = start(seed, Size(users=20), clock=still_clock(), plan="unlimited")
    output, syncs = assert_near(account, in_process)

    once_a_day, _ = sentence(output, "Going on from its state once a day takes")
    days = []
    for _ in range(2):
        assert syncs.a_day_later().code == 0
        days.append(requests(account))
    assert sum(days) / 2 * 0.7 < once_a_day < sum(days) / 2 * 1.3, (once_a_day, days)


@pytest.mark.storm
@pytest.mark.parametrize(("users", "size"), [(100, {}), (1000, SPARSE)])
def test_more_users(start: Start, in_process: InProcess, users: int, size: Mapping[str, Any]) -> None:
    in_process.without_waiting()
    account = start(4, Size(users=users, **size), clock=still_clock(), plan="unlimited")
    output = estimate(in_process, account)
    told, _ = sentence(output, "A first sync takes")
    # A first sync takes next to no more, as the benchmark shows; to run one of 1,000 users takes minutes.
    least = sum(truth.least_counts(account.world).values())
    assert least * 0.85 < told < least * 1.15, (told, least)
    assert requests(account) < least * 0.05


SMALL = Size(users=3, meetings_per_user=4)


def table(output: Output) -> dict[str, tuple[str, int]]:
    """The label and the requests of a first sync, by stream and list."""
    rows = re.findall(r"^(\w+) +(LIGHT|MEDIUM|HEAVY) +([\d,]+) ", output.text, re.MULTILINE)
    return {name: (label, int(number.replace(",", ""))) for name, label, number in rows}


def test_each_stream_and_list_has_its_row(start: Start, in_process: InProcess) -> None:
    output = estimate(in_process, start(1, SMALL, clock=still_clock(), plan="unlimited"))
    found = table(output)
    want = {stream.stream_name(): stream for stream in STREAMS if stream.is_asked_for()}
    assert want.keys() <= found.keys()
    assert all(found[name][0] == stream.rate_limit for name, stream in want.items())
    total, by_label = sentence(output, "A first sync takes")
    for label in LABELS:
        assert by_label[label] == sum(number for one, number in found.values() if one == label)
    assert total == sum(number for _, number in found.values())


def test_what_lists_are_read_whole_for_costs_as_much_in_each_sync(
    start: Start, in_process: InProcess
) -> None:
    output = estimate(in_process, start(1, SMALL, clock=still_clock(), plan="unlimited"))
    once, _ = sentence(output, "Going on from its state once a day takes")
    hourly, _ = sentence(output, "Going on from its state every hour takes")
    each = {
        name: [int(number.replace(",", "")) for number in numbers.split()]
        for name, numbers in re.findall(
            r"^(\w+) +(?:LIGHT|MEDIUM|HEAVY) +([\d, ]+)$", output.text, re.MULTILINE
        )
    }
    each_sync, each_day = (sum(numbers[column] for numbers in each.values()) for column in (1, 2))
    assert once == each_sync + each_day
    assert hourly == 24 * each_sync + each_day
    assert each["meetings"][0] == each["meetings"][1] > 0 == each["meetings"][2]
    assert each["report_meetings"][0] > each["report_meetings"][2] > 0 == each["report_meetings"][1]


@pytest.mark.parametrize("plan", PLANS)
def test_it_says_how_long_a_sync_takes_at_the_limits_of_the_plan(
    start: Start, in_process: InProcess, plan: str
) -> None:
    account = start(1, Size(users=20), clock=still_clock(), plan="unlimited")
    in_process.without_waiting()
    output = estimate(in_process, account, rate_limit_plan=plan, rate_limit_share=50)
    _, first = sentence(output, "A first sync takes")
    seconds = {label: first[label] / (PLANS[plan][label] * 0.5) for label in LABELS}
    slowest = max(seconds, key=seconds.__getitem__)
    minutes = ceil(seconds[slowest] / 60)
    assert (
        f"At the limits of the plan {plan} that is {minutes:,} min, by its {slowest} requests." in output.text
    )
    if plan == "free":
        days = ceil(first["MEDIUM"] / 2000)
        assert f"A day allows 2,000 MEDIUM requests, so it takes {days} days of a sync each." in output.text
    else:
        assert f" of the {30_000 if plan == 'pro' else 60_000:,} HEAVY requests of a day." in output.text


def test_a_stream_without_its_scope_is_left_out_and_one_that_zoom_refuses_is_named(
    start: Start, in_process: InProcess
) -> None:
    scopes = {scope for scope in GRANULAR_SCOPES if not scope.startswith("role:")}
    account = start(1, SMALL, clock=still_clock(), plan="unlimited", scopes=scopes)
    account.faults.reply("^/v2/phone/", *refusals.NO_PHONE)
    output = estimate(in_process, account)
    assert output.code == 0
    assert table(output).keys().isdisjoint({"roles", "role_members"})
    assert re.search(r"^roles +not known: The app may not read roles\.", output.text, re.MULTILINE)
    assert re.search(r"^phone_users +not known: .*Zoom Phone is not enabled", output.text, re.MULTILINE)
    assert table(output)["report_meetings"][1] > 0


def test_without_the_history_past_occurrences_are_counted_by_the_reports(
    start: Start, in_process: InProcess
) -> None:
    account = start(1, Size(users=8), clock=still_clock(), plan="unlimited")
    with_it = table(estimate(in_process, account))
    without = table(estimate(in_process, account, past_meetings_from=["reports", "instances"]))
    for name in ("report_meetings", "report_meeting_participants"):
        assert with_it[name][1] * 0.7 < without[name][1] < with_it[name][1] * 1.3
    # Without the history nobody knows which of them have a survey.
    assert without["report_meeting_surveys"] == without["report_meetings"]
    assert with_it["report_meeting_surveys"][1] < with_it["report_meetings"][1]


def test_a_start_date_makes_a_sync_cheaper(start: Start, in_process: InProcess) -> None:
    account = start(1, Size(users=8), clock=still_clock(), plan="unlimited")
    whole = table(estimate(in_process, account))
    recent = table(estimate(in_process, account, start_date="2026-11-01"))
    for name in ("report_meetings", "listed_recordings", "report_activities"):
        assert recent[name][1] < whole[name][1] / 2
    assert recent["meetings"] == whole["meetings"]


def test_what_is_wrong_with_the_config_is_one_sentence(start: Start, connector: Connector) -> None:
    account = start(1, SMALL, clock=still_clock(), plan="unlimited")
    config = server_to_server(account)
    config["credentials"]["client_secret"] = "wrong"
    output = connector.run("estimate", "--config", connector.file("config.json", config))
    assert output.code == 1
    (error,) = output.errors
    assert "client_secret" in error["message"]
    assert "Traceback" not in output.text


def test_a_day_without_requests_left_ends_it_with_what_is_known(start: Start, in_process: InProcess) -> None:
    account = start(1, SMALL, clock=still_clock(), plan="unlimited", daily_caps={"HEAVY": 3})
    output = estimate(in_process, account)
    assert output.code == 0
    assert table(output)["meetings"][1] > 0
    assert re.search(r"^report_activities +not known: .*daily", output.text, re.MULTILINE)
