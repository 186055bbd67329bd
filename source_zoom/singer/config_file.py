"""The tap's config file: read, and written when Zoom replaces a token."""

import errno
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from source_zoom.config import is_plain
from source_zoom.exceptions import ConfigError
from source_zoom.singer.catalog import KeyMode
from source_zoom.singer.conform import Json

PREFIX = "TAP_ZOOM_"
TRUE = ("true", "1", "yes", "on")
WRITTEN = ("refresh_token", "access_token", "token_expiry_date")


def read_json(
    what: str,
    path: str,
    loads: Callable[[bytes], Any] = json.loads,
    advice: str = "check the path",
) -> Any:
    """A JSON file. Raises ConfigError with one sentence; `advice` is for one that is not there, or empty."""
    try:
        content = Path(path).read_bytes()
        if not content.strip():
            raise ConfigError(f"The {what} file {path} is empty: {advice}.")
        return loads(content)
    except FileNotFoundError:
        raise ConfigError(f"There is no {what} file {path}: {advice}.") from None
    except OSError as error:
        raise ConfigError(f"The {what} file {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigError(f"The {what} file {path} is not JSON{where}.") from None


def from_environment(settings: Mapping[str, Json]) -> Json:
    """The settings that TAP_ZOOM_… variables hold, in the form in which taps of singer-sdk take them."""
    found: Json = {}
    for name, schema in settings.items():
        variable = f"{PREFIX}{name.upper()}"
        # What a CI has no value for is often there, and empty.
        if text := os.environ.get(variable):
            found[name] = _typed(variable, text, schema["type"])
    return found


def _typed(variable: str, text: str, kind: str) -> Any:
    if kind == "string":
        return text
    if kind == "boolean":
        return text.lower() in TRUE
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigError(f"The environment variable {variable} must hold an {kind}, as JSON.") from None


class ConfigFile:
    """The config as the user wrote it, with what comes from the `environment` over it.

    It may have Airbyte's shape or tap-zoom's flat one. `user_agent` and `key_mode` are the tap's alone.
    """

    def __init__(self, path: str | None, environment: Json) -> None:
        self._content = read_json("config", path) if path else {}
        if not isinstance(self._content, dict):
            raise ConfigError(f"The config file {path} must hold a JSON object.")
        self._content.update(environment)
        # Nothing that comes from the environment can be changed there.
        is_in_file = path and not {"refresh_token", "credentials"} & environment.keys()
        self._path = str(path) if is_in_file else "the environment"
        self.user_agent = str(self._content.get("user_agent") or "").strip()
        if not is_plain(self.user_agent):
            raise ConfigError("The config is not valid: user_agent: must be one line of printable ASCII.")
        try:
            self.key_mode = KeyMode(self._content.get("key_mode") or KeyMode.LOSSLESS.value)
        except ValueError:
            modes = " or ".join(mode.value for mode in KeyMode)
            raise ConfigError(f"The config is not valid: key_mode: must be {modes}.") from None

    def check_writable(self) -> None:
        """Raise ConfigError where a new refresh token could not be kept."""
        if "refresh_token" not in _tokens(self._content):
            return
        path = Path(self._path).resolve()
        if not path.is_file():
            raise ConfigError(
                f"The config comes from {self._path}, which is no file, so it cannot keep the new refresh"
                " token that Zoom gives out at each use: put it into a file, or use a Server-to-Server OAuth"
                " app."
            )
        if not all(os.access(place, os.W_OK) for place in (path, path.parent)):
            raise ConfigError(
                f"The config file {self._path} or its folder cannot be written to, and Zoom replaces the"
                " refresh token at each use: make both writable, or use a Server-to-Server OAuth app."
            )

    def for_airbyte(self, *, dev: bool) -> Json:
        """The connector's own config; with `dev` the access token in it counts as valid."""
        if dev:
            if "refresh_token" not in _tokens(self._content):
                raise ConfigError(
                    "--dev is for OAuth apps with a refresh_token; a Server-to-Server OAuth app gets its"
                    " tokens by itself: leave --dev out."
                )
            if not _tokens(self._content).get("access_token"):
                raise ConfigError("--dev uses the config's access_token: add one, or leave --dev out.")
            soon = datetime.now(UTC) + timedelta(hours=1)
            _tokens(self._content)["token_expiry_date"] = soon.isoformat(timespec="seconds")
        return {key: value for key, value in self._content.items() if key not in ("key_mode", "user_agent")}

    def save_tokens(self, config: Mapping[str, Any]) -> None:
        """Write the tokens of a refreshed Airbyte config into the file: all of it, or nothing.

        Other keys keep their value and shape, the file its mode, and a symlink leads to the new file.
        Raises ConfigError where that fails.
        """
        try:
            self._write(config)
        except OSError as error:
            raise ConfigError(
                f"The config file {self._path} could not be written: {error.strerror}. It holds a refresh"
                " token that Zoom has replaced: authorize the app again."
            ) from None

    def _write(self, config: Mapping[str, Any]) -> None:
        content = read_json("config", self._path)
        _tokens(content).update({key: config["credentials"][key] for key in WRITTEN})
        path = Path(self._path).resolve()
        mode = path.stat()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                _dump(content, file)
            Path(name).chmod(mode.st_mode)
            with suppress(PermissionError):
                os.chown(name, mode.st_uid, mode.st_gid)
            try:
                Path(name).replace(path)
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                # A file that docker run --volume has put there alone is a mount, which nothing can replace.
                with path.open("w") as file:
                    _dump(content, file)
        finally:
            Path(name).unlink(missing_ok=True)


def _tokens(content: Json) -> Json:
    """The part of a config that holds the tokens."""
    credentials = content.get("credentials")
    return credentials if isinstance(credentials, dict) else content


def _dump(content: Json, file: IO[str]) -> None:
    json.dump(content, file, indent=2)
    file.flush()
    os.fsync(file.fileno())
