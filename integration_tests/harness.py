"""What tests, demo and benchmarks share: the console script, and the simulator as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONNECTOR = str(Path(sys.executable).with_name("source-zoom"))
TAP = str(Path(sys.executable).with_name("tap-zoom"))

Json = dict[str, Any]


@contextmanager
def simulator_process(*arguments: str) -> Iterator[Json]:
    """The facts about a simulated account, for as long as it runs."""
    command = [sys.executable, "-m", "integration_tests.zoom_simulator", *arguments, "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.stdin.close()


def server_to_server_config(facts: Json, changes: Mapping[str, object]) -> Json:
    return {
        "credentials": {
            "auth_type": "server_to_server",
            **{key: facts[key] for key in ("account_id", "client_id", "client_secret")},
        },
        "api_url": facts["api_url"],
        "token_url": facts["token_url"],
        **changes,
    }


def cursor_of(stream: type[object]) -> str:
    """The cursor that a stream declares, or "" where it has none."""
    # The CDK's own is a property, so on a class without a declaration there is no text.
    declared = getattr(stream, "cursor_field", None)
    return declared if isinstance(declared, str) else ""


def inherits_of(stream: type[object]) -> Mapping[str, str]:
    """The columns that a stream declares to have from its parent, and the fields of the parent."""
    declared: Mapping[str, str] = getattr(stream, "inherits", {})
    return declared


def configured(stream: Json) -> Json:
    """A stream of the catalog as a configured catalog has it: read incrementally if it can be."""
    mode = stream["supported_sync_modes"][-1]
    return {"stream": stream, "sync_mode": mode, "destination_sync_mode": "overwrite"}
