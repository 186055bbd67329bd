"""A plugin of pytest's, with which all tests find the two streams as if they were ours.

PYTEST_PLUGINS=integration_tests.plugged.plugin pytest
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from integration_tests import harness
from integration_tests.plugged import ROOT, package_data, plugged
from integration_tests.plugged.routes import ROUTES
from integration_tests.zoom_simulator import routes

SCRIPT = """#!{python}
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from integration_tests.plugged import plugged
with plugged(Path({data!r})):
    from {module} import script
    script()
"""

_until_the_end = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before any test module counts the streams."""
    folder = Path(_until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="plugged")))
    data = package_data(folder / "source_zoom")
    _until_the_end.enter_context(plugged(data))
    _until_the_end.enter_context(routes.plugged(*ROUTES))
    for name, module in (("CONNECTOR", "source_zoom.run"), ("TAP", "source_zoom.singer.tap")):
        script = folder / Path(getattr(harness, name)).name
        script.write_text(SCRIPT.format(python=sys.executable, root=str(ROOT), data=str(data), module=module))
        script.chmod(0o755)
        setattr(harness, name, str(script))


def pytest_unconfigure() -> None:
    _until_the_end.close()
