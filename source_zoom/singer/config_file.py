"""The tap's config file: read, and written when Zoom replaces a token."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from source_zoom.errors import ConfigError
from source_zoom.singer.catalog import KeyMode
from source_zoom.singer.conform import Json

WRITTEN = ("refresh_token", "access_token", "token_expiry_date")


def read_json(what: str, path: str) -> Any:
    """A JSON file. Raises ConfigError with one sentence."""
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"There is no {what} file {path}: check the path.") from None
    except OSError as error:
        raise ConfigError(f"The {what} file {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigError(f"The {what} file {path} is not JSON{where}.") from None


class ConfigFile:
    """The config as the user wrote it.

    It may have Airbyte's shape or tap-zoom's flat one. `user_agent` and `key_mode` are the tap's alone.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._content = read_json("config", path)
        if not isinstance(self._content, dict):
            raise ConfigError(f"The config file {path} must hold a JSON object.")
        self.user_agent = str(self._content.get("user_agent") or "")
        try:
            self.key_mode = KeyMode(self._content.get("key_mode", KeyMode.LOSSLESS.value))
        except ValueError:
            modes = " or ".join(mode.value for mode in KeyMode)
            raise ConfigError(f"The config is not valid: key_mode: must be {modes}.") from None
        if "refresh_token" in self._tokens and not os.access(Path(path).resolve().parent, os.W_OK):
            raise ConfigError(
                f"The folder of the config file {path} cannot be written to, and Zoom replaces the refresh"
                " token at each use: make it writable, or use a Server-to-Server OAuth app."
            )

    @property
    def _tokens(self) -> Json:
        """The part of the config that holds the tokens."""
        credentials = self._content.get("credentials")
        return credentials if isinstance(credentials, dict) else self._content

    def for_airbyte(self, *, dev: bool) -> Json:
        """The connector's own config; with `dev` the access token in it counts as valid."""
        if dev:
            if not self._tokens.get("access_token"):
                raise ConfigError("--dev uses the config's access_token: add one, or leave --dev out.")
            soon = datetime.now(UTC) + timedelta(hours=1)
            self._tokens["token_expiry_date"] = soon.isoformat(timespec="seconds")
        return {key: value for key, value in self._content.items() if key not in ("key_mode", "user_agent")}

    def take_over(self, config: Mapping[str, Any]) -> None:
        """Write the tokens of a refreshed Airbyte config into the file: all of it, or nothing.

        Other keys keep their value and shape, the file its mode, and a symlink leads to the new file.
        """
        content = read_json("config", self._path)
        tokens = content["credentials"] if isinstance(content.get("credentials"), dict) else content
        tokens.update({key: config["credentials"][key] for key in WRITTEN})
        path = Path(self._path).resolve()
        mode = path.stat()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(content, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode.st_mode)
            with suppress(PermissionError):
                os.chown(name, mode.st_uid, mode.st_gid)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
