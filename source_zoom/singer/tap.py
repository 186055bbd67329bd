"""The console script `tap-zoom`: the command line of a Singer tap.

The CDK takes a second to import, so this module leaves it alone until there is something to read.
"""

import argparse
import json
import re
import time
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import metadata
from importlib.resources import files
from typing import Any

from source_zoom.process import run_and_exit

NAME = "tap-zoom"
ENV = "ENV"
DESCRIPTION = "A Singer tap that reads a Zoom account completely."

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
# Where the connector's own words are about Airbyte's form.
WORDS = {
    "credentials": (
        "How the tap signs in to Zoom; the keys may also stand in the config itself. Server-to-Server OAuth"
        " is recommended if you may create an app in the account: it has no token that can be lost."
    ),
    "account_id": (
        'Of a Server-to-Server OAuth app: from its page "App Credentials" in the Zoom App Marketplace. It is'
        " not the account number of your invoice."
    ),
    "client_id": 'From the page "App Credentials" of the app in the Zoom App Marketplace.',
    "client_secret": "From the page of the client ID.",
    "refresh_token": (
        "Of an OAuth app: what Zoom gave out when the administrator consented. Zoom replaces it each time it"
        " is used, and the tap writes the new one into the config file."
    ),
}
FORM = re.compile(r"airbyte_.*|order|groups?|always_show|pattern_descriptor").fullmatch


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
    paths = [path for path in arguments.config if path != ENV]
    if len(paths) > 1:
        parser.error("argument -c/--config: takes one file, and ENV beside it")
    # Meltano has Python show them, and the CDK has one for those who program with it.
    warnings.simplefilter("ignore", DeprecationWarning)
    from source_zoom.singer.sync import run

    settings = _about()["settings"]["properties"] if ENV in arguments.config else {}
    return run(arguments, next(iter(paths), None), settings, clock, sleep)


def script() -> None:
    """What the installed console script calls."""
    run_and_exit(main)


def _parser() -> argparse.ArgumentParser:
    version = metadata("source-zoom")["Version"]
    parser = argparse.ArgumentParser(NAME, description=DESCRIPTION)
    parser.add_argument(
        "-c",
        "--config",
        action="append",
        default=[],
        help="the config file; rotated tokens are written into it. ENV: settings in TAP_ZOOM_... variables",
    )
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
        "description": DESCRIPTION,
        "version": package["Version"],
        "supported_python_versions": package["Requires-Python"],
        "capabilities": ["catalog", "discover", "state", "properties", "about", "test"],
        "settings": _as_singer_has_it({**spec, "properties": {**spec["properties"], **flat, **SETTINGS}}),
    }


def _about_text() -> str:
    about = _about()
    settings = about.pop("settings")["properties"]
    about["capabilities"] = ", ".join(about["capabilities"])
    lines = [f"{key}: {value}" for key, value in about.items()]
    lines += ["settings:", *(f"  {name}: {schema['description']}" for name, schema in settings.items())]
    return "\n".join(lines)


def _as_singer_has_it(schema: Any) -> Any:
    """A settings schema in the tap's words, with Singer's marks of a secret in place of Airbyte's form."""
    if isinstance(schema, str):
        return schema.replace("connector", "tap")
    if isinstance(schema, list):
        return [_as_singer_has_it(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    singer = {key: _as_singer_has_it(part) for key, part in schema.items() if not FORM(key)}
    for name in WORDS.keys() & singer.keys():
        singer[name] = {**singer[name], "description": WORDS[name]}
    return {**singer, "secret": True, "writeOnly": True} if schema.get("airbyte_secret") else singer
