"""Two streams of two kinds that the connector does not have, and what each of them takes.

The places of a new stream are here `streams.py`, `schemas/`, STREAMS (see below) and `routes.py`; the docs
follow from the declarations. Nothing of the connector's is edited.
"""

import importlib.util
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
    """Put what the CDK looks for beside the package's modules into a folder, with the two's schemas."""
    shutil.copytree(ROOT / "source_zoom" / "schemas", folder / "schemas")
    shutil.copytree(FOLDER / "schemas", folder / "schemas", dirs_exist_ok=True)
    shutil.copy(ROOT / "source_zoom" / "spec.json", folder)
    return folder


@contextmanager
def plugged(data: Path) -> Iterator[None]:
    """Let the connector in this process have the two, for a while; `data` is a folder of `package_data`."""
    before = source_zoom.__file__
    source_zoom.__file__ = str(data / "__init__.py")
    STREAMS.extend(PLUGGED)
    try:
        yield
    finally:
        del STREAMS[-len(PLUGGED) :]
        source_zoom.__file__ = before
