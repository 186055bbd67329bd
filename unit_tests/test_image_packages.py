"""What the image goes without, on the packages that are installed here."""

import subprocess
import sys
from importlib.metadata import distribution

import pytest

from integration_tests.packages import GPL, left_out, locked
from scripts.third_party_notices import licence, texts

# In a process of its own, since the tests import more. `__main__` would run the command.
IMPORTS = """
import pkgutil, sys
before = set(sys.modules)
import source_zoom
for module in pkgutil.walk_packages(source_zoom.__path__, "source_zoom."):
    if not module.name.endswith("__main__"):
        __import__(module.name)
new = [sys.modules[name] for name in set(sys.modules) - before]
print(*{getattr(module, "__file__", None) for module in new}, sep="\\n")
"""
SHIPPED = sorted(locked().keys() - set(left_out()))


def test_what_is_left_out_is_locked_once() -> None:
    names = left_out()
    assert len(names) == len(set(names))
    assert set(names) <= locked().keys()


def test_nothing_of_it_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    imported = set(done.stdout.splitlines())
    assert any(path.endswith("source_zoom/singer/tap.py") for path in imported)
    assert [name for name in left_out() if files_of(name) & imported] == []


def files_of(name: str) -> set[str]:
    package = distribution(name)
    return {str(package.locate_file(file)) for file in package.files or []}


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_has_a_licence_that_lets_it(name: str) -> None:
    package = distribution(name)
    assert licence(package)
    assert not GPL.search(licence(package))
    assert texts(package)
