"""Says in one sentence why a Python cannot set up this repository, before pip says it in fifty."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def complaint(version: tuple[int, int], has_pip: bool) -> str:
    """What is wrong with a Python of this version, or "" where nothing is."""
    (wanted,) = re.findall(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', PROJECT.read_text(), re.MULTILINE)
    first, end = map(int, wanted)
    if not (3, first) <= version < (3, end):
        return (
            f"source-zoom needs Python 3.{first} to 3.{end - 1}, and this is {version[0]}.{version[1]}:"
            f" name another one, as in `make setup PYTHON=python3.{end - 1}`."
        )
    if not has_pip:
        return "Python's venv is missing: on Debian and Ubuntu, `apt-get install python3-venv` brings it."
    return ""


if __name__ == "__main__":
    sys.exit(complaint(sys.version_info[:2], find_spec("ensurepip") is not None) or None)
