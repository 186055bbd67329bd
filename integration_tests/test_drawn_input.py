"""Whatever stands in a config, a catalog or a state: a sentence or a sync, no traceback and no secret."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_tests.conftest import (
    InProcess,
    Output,
    configured_catalog,
    oauth,
    server_to_server,
    still_clock,
)
from integration_tests.harness import Json
from integration_tests.outcomes import free_what_syncs_left
from integration_tests.test_bad_input import INSTANCES, owed
from integration_tests.test_drawn_answers import DEADLINE, SCALARS, TEXTS, deadline
from integration_tests.test_secrets import MARK, marked
from integration_tests.zoom_simulator import Simulator, Size
from source_zoom.config import Config, OAuthCredentials, ServerToServerCredentials

STREAMS = ["users", "report_meetings"]
KEYS = sorted(
    {
        *Config.model_fields,
        *OAuthCredentials.model_fields,
        *ServerToServerCredentials.model_fields,
        *("jwt_token", "authorization_endpoint", "unknown"),
    }
)
VALUES: Sequence[Any] = [
    *SCALARS,
    *(
        7,
        -7,
        3650,
        10**9,
        "2026-10-01",
        "2026-10-01T05:00:00+05:00",
        "9999-12-31",
        "0001-01-01",
        "2026-W05-1",
    ),
    *("oauth2.0", "server_to_server", "auto", "business", "zoomgov.com", "incremental", "append", "users"),
    *(
        "https://127.0.0.1:9",
        "https://[x]",
        "http://127.0.0.1:x",
        "https://",
        "//",
        "https://a b",
        "é",
        "a\r\nb",
    ),
]
# Only a config has secrets.
SECRETS: Sequence[Any] = [MARK, [MARK], {"auth_type": MARK}, {"client_secret": MARK}]
STATE = [
    {
        "type": "STREAM",
        "stream": {
            "stream_descriptor": {"name": "report_meetings"},
            "stream_state": {
                **owed(),
                "read_on": "2026-11-02",
                "instances": INSTANCES,
                "withheld": owed()["retry"],
                "gaps": [{"way": "reports", "from": "2026-08-01", "to": "2026-08-05"}],
                "known": {"until": "2026-11-01"},
                "refused": "No permission.",
                "window_days": 8,
            },
        },
    }
]
FILES = ("config", "catalog", "state")
# Which file, the way to a place in it, what is done to that place, and the value for it.
Change = tuple[str, tuple[int, ...], str, Any]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    steps = tuple(draw(st.lists(st.integers(0, 12), max_size=6)))
    what = draw(st.sampled_from(["set", "set", "remove", "add"]))
    value = draw(st.sampled_from(KEYS) if what == "add" else st.just(""))
    name = draw(st.sampled_from(FILES))
    values = [*VALUES, *(SECRETS if name == "config" else ())]
    return name, steps, f"{what} {value}".strip(), draw(st.sampled_from(values))


def changed(content: Any, steps: tuple[int, ...], what: str, value: Any) -> Any:
    """A file's content with one place of it changed."""
    if not steps or not isinstance(content, dict | list) or not content:
        if what.startswith("add ") and isinstance(content, dict):
            return {**content, what.removeprefix("add "): value}
        return value
    places = list(content) if isinstance(content, dict) else list(range(len(content)))
    place = places[steps[0] % len(places)]
    if what == "remove" and len(steps) == 1:
        del content[place]
    else:
        content[place] = changed(content[place], steps[1:], what, value)
    return content


@pytest.fixture(autouse=True)
def _nobody_else(nobody_else: None) -> None:
    """An address may be left out, and then it is Zoom's own."""


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    with Simulator(1, Size(users=1), clock=still_clock(), plan="unlimited") as simulator:
        yield simulator


def contents(config: Json, given: list[Change]) -> dict[str, Any]:
    good = {"config": config, "catalog": configured_catalog(STREAMS), "state": STATE}
    found: dict[str, Any] = copy.deepcopy(good)
    for name, steps, what, value in given:
        found[name] = changed(found[name], steps, what, copy.deepcopy(value))
    return found


def assert_is_told(output: Output) -> None:
    assert "Traceback" not in output.text
    assert "stack_trace" not in output.text
    assert output.code == bool(output.errors)
    told = [error["message"] for error in output.errors]
    told += [status.get("message") or "" for status in output.of("CONNECTION_STATUS")]
    for sentence in told:
        assert len(sentence) < 1_500
        assert "\n" not in sentence
    # A config that was migrated is handed over with what the user has given.
    said = [line for line in output.text.split("\n") if '"type":"CONTROL"' not in line]
    assert MARK not in "\n".join(said)


def assert_weathers(in_process: InProcess, config: Json, given: list[Change], raw: dict[str, bytes]) -> None:
    in_process.without_waiting()
    free_what_syncs_left()
    paths = {name: in_process.file(f"{name}.json", "") for name in FILES}
    for name, content in contents(config, given).items():
        paths[name].write_bytes(raw.get(name, json.dumps(content).encode()))
    arguments = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    with deadline(DEADLINE, given):
        assert_is_told(in_process.run("check", *arguments[:2]))
        assert_is_told(in_process.run("read", *arguments))


ANY = {
    "given": st.lists(changes(), max_size=3),
    "raw": st.one_of(
        st.just({}), st.just({}), st.dictionaries(st.sampled_from(FILES), st.sampled_from(TEXTS), max_size=1)
    ),
    "kind": st.sampled_from([server_to_server, oauth]),
}
unchecked = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=30, derandomize=True, deadline=None, suppress_health_check=unchecked)
@given(**ANY)
def test_no_input_breaks_the_connector(
    account: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: list[Change],
    raw: dict[str, bytes],
    kind: Callable[[Simulator], Json],
) -> None:
    assert_weathers(InProcess(tmp_path, monkeypatch), marked(account, kind(account)), given, raw)


@pytest.mark.outcomes
@settings(max_examples=600, deadline=None, suppress_health_check=unchecked)
@given(**ANY)
def test_no_input_of_many_breaks_the_connector(
    account: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: list[Change],
    raw: dict[str, bytes],
    kind: Callable[[Simulator], Json],
) -> None:
    assert_weathers(InProcess(tmp_path, monkeypatch), marked(account, kind(account)), given, raw)
