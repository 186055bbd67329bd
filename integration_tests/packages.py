"""Which Python packages the image has, by the files that its build reads."""

import re
from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement

REQUIREMENTS = Path(__file__).parent.parent / "requirements"
# LGPL as well: somebody has to decide.
GPL = re.compile(r"GPL|General Public License")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The version of each package that running the connector takes, in this environment or in another."""
    lines = (REQUIREMENTS / "runtime.txt").read_text().splitlines()
    requirements = [Requirement(line.partition("\\")[0]) for line in lines if re.match(r"\w", line)]
    return {
        normal(one.name): next(iter(one.specifier)).version
        for one in requirements
        if not one.marker or one.marker.evaluate(dict(environment or {}))
    }


def left_out() -> list[str]:
    """What the image goes without."""
    lines = (REQUIREMENTS / "image-without.txt").read_text().splitlines()
    return [line for line in lines if re.match(r"\w", line)]
