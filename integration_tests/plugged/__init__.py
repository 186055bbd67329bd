"""Four streams of four kinds that the connector does not have, and what each of them takes.

The five places of a new stream are here `streams.py`, `schemas/`, STREAMS (see below), `routes.py` and
`docs.md`; the scopes in the list of the docs follow from the declarations. Nothing of the connector's is
edited.
"""

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import source_zoom
from source_zoom.engine.stream import ZoomStream
from source_zoom.streams import STREAMS

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
# The CDK looks for a schema in the package of its class.
MODULE = "source_zoom.streams.plugged"
# What the docs' page says of all streams.
SCOPES = re.compile(r"(?<=^```\n)(?:\w+:read:\S+\n)+", re.MULTILINE)
ROWS = re.compile(r"^\| `users` .+\n(?:\|.+\n)+", re.MULTILINE)
CURSORS = re.compile(r"`start_time`(?:, `\w+`)+(?= \| the cursor)")


def _as_if_in_the_package() -> ModuleType:
    """The module of the declarations, under a name below `source_zoom`."""
    if MODULE not in sys.modules:
        spec = importlib.util.spec_from_file_location(MODULE, FOLDER / "streams.py")
        assert spec
        assert spec.loader
        sys.modules[MODULE] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[MODULE])
    return sys.modules[MODULE]


PLUGGED: list[type[ZoomStream]] = [
    one
    for one in vars(_as_if_in_the_package()).values()
    if isinstance(one, type) and issubclass(one, ZoomStream) and one.__module__ == MODULE
]


def package_data(folder: Path) -> Path:
    """Put what the CDK looks for beside the package's modules into a folder, with the four's schemas."""
    shutil.copytree(ROOT / "source_zoom" / "schemas", folder / "schemas")
    shutil.copytree(FOLDER / "schemas", folder / "schemas", dirs_exist_ok=True)
    shutil.copy(ROOT / "source_zoom" / "spec.json", folder)
    return folder


@contextmanager
def plugged(data: Path) -> Iterator[None]:
    """Let the connector in this process have the four, for a while; `data` is a folder of `package_data`."""
    before = source_zoom.__file__
    source_zoom.__file__ = str(data / "__init__.py")
    STREAMS.extend(PLUGGED)
    try:
        yield
    finally:
        del STREAMS[-len(PLUGGED) :]
        source_zoom.__file__ = before


def page_with_rows(page: str) -> str:
    """The page of the docs with the rows of the four, and with their scopes and cursors where all stand."""
    listed, rows, cursors = SCOPES.search(page), ROWS.search(page), CURSORS.search(page)
    assert listed
    assert rows
    assert cursors
    granular = sorted({*listed[0].split(), *(stream.scopes[1] for stream in PLUGGED)})
    classic = sorted({stream.scopes[0] for stream in PLUGGED if f"`{stream.scopes[0]}`" not in page})
    fields = sorted({str(stream.cursor_field) for stream in PLUGGED if stream.has_cursor()})
    added = [f"`{field}`" for field in fields if f"`{field}`" not in cursors[0]]
    first = "and need `user:read:admin`"
    page = page.replace(first, ", ".join([first, *(f"`{scope}`" for scope in classic)]))
    page = page.replace(cursors[0], ", ".join([cursors[0], *added]))
    page = page.replace(rows[0], rows[0] + (FOLDER / "docs.md").read_text())
    return page.replace(listed[0], "\n".join([*granular, ""]))
