"""The console script `tap-zoom`: the command line of a Singer tap.

The CDK takes a second to import, so this module leaves it alone until there is something to read.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import metadata
from importlib.resources import files
from typing import Any

from source_zoom.process import run_and_exit

NAME = "tap-zoom"

# What the tap understands beside the connector's own settings in spec.json.
SETTINGS = {
    "key_mode": {
        "type": "string",
        "title": "Key Mode",
        "description": "lossless for new tables; tap_zoom for tables that the tap-zoom of others has made.",
        "enum": ["lossless", "tap_zoom"],
        "default": "lossless",
    },
    "user_agent": {
        "type": "string",
        "title": "User Agent",
        "description": "What requests to Zoom say about who sends them.",
    },
}


def main(
    argv: Sequence[str] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Run the tap and return the exit code; `clock` and `sleep` as for `source_zoom.run.main`."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.about:
        print(json.dumps(_about(), indent=2) if arguments.format == "json" else _about_text())
        return 0
    if not arguments.config:
        parser.error("the following arguments are required: -c/--config")
    from source_zoom.singer.sync import run

    return run(arguments, clock, sleep)


def script() -> None:
    """What the installed console script calls."""
    run_and_exit(main)


def _parser() -> argparse.ArgumentParser:
    version = metadata("source-zoom")["Version"]
    parser = argparse.ArgumentParser(NAME, description="A Singer tap that reads a Zoom account completely.")
    parser.add_argument("-c", "--config", help="the config file; rotated tokens are written into it")
    parser.add_argument("-s", "--state", help="a state file, to go on from")
    parser.add_argument("--catalog", help="a catalog file with what is selected; without one, everything is")
    parser.add_argument("-p", "--properties", help="an older name of --catalog")
    parser.add_argument("-d", "--discover", action="store_true", help="print the catalog")
    parser.add_argument("--test", action="store_true", help="check the credentials and the app's scopes")
    parser.add_argument("--about", action="store_true", help="print what the tap can do, and its settings")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="of --about")
    parser.add_argument("--dev", action="store_true", help="begin with the config's access_token")
    parser.add_argument("--version", action="version", version=f"{NAME} {version}")
    return parser


def _about() -> dict[str, Any]:
    package = metadata("source-zoom")
    spec = json.loads(files("source_zoom").joinpath("spec.json").read_text())["connectionSpecification"]
    # The credentials may also stand in the config itself, as tap-zoom has them.
    del spec["required"]
    kinds = spec["properties"]["credentials"]["oneOf"]
    flat = {key: field for kind in reversed(kinds) for key, field in kind["properties"].items()}
    del flat["auth_type"]
    return {
        "name": NAME,
        "description": package["Summary"],
        "version": package["Version"],
        "supported_python_versions": package["Requires-Python"],
        "capabilities": ["catalog", "discover", "state", "properties", "about", "test"],
        "settings": _marked({**spec, "properties": {**spec["properties"], **flat, **SETTINGS}}),
    }


def _about_text() -> str:
    about = _about()
    settings = about.pop("settings")["properties"]
    about["capabilities"] = ", ".join(about["capabilities"])
    lines = [f"{key}: {value}" for key, value in about.items()]
    lines += ["settings:", *(f"  {name}: {schema['description']}" for name, schema in settings.items())]
    return "\n".join(lines)


def _marked(schema: Any) -> Any:
    """A settings schema with Singer's marks of a secret in place of Airbyte's keywords."""
    if isinstance(schema, list):
        return [_marked(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    marked = {key: _marked(part) for key, part in schema.items() if not key.startswith("airbyte_")}
    return {**marked, "secret": True, "writeOnly": True} if schema.get("airbyte_secret") else marked
