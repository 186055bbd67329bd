"""Writes the notices of the packages that this Python has: `python third_party_notices.py NAME`.

NAME is the package that they are for, which is left out. The image's build runs it, with the image's Python.
pip-licenses would take one file of each package, and some have a licence in each of several.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackagePath, distributions
from itertools import takewhile

HEAD = """The Python packages in this image that {name} needs, with their licences as they came with them.
The base image speaks for what else is in it."""
RULE = "=" * 80


def notices(name: str) -> Iterator[str]:
    """One text for each package, in the order of their names."""
    yield HEAD.format(name=name)
    for package in sorted(distributions(), key=lambda one: one.name.lower()):
        if package.name != name:
            head = [f"{package.name} {package.version}", f"Licence: {licence(package)}", *addresses(package)]
            yield "\n".join([RULE, *head, "", *texts(package)])


def licence(package: Distribution) -> str:
    """The licence as the metadata have it: an expression, else the classifiers, else a word."""
    classifiers = [one for one in values(package, "Classifier") if one.startswith("License :: ")]
    named = [one.rpartition(" :: ")[2] for one in classifiers]
    return "; ".join(values(package, "License-Expression") or named or values(package, "License"))


def addresses(package: Distribution) -> list[str]:
    """Where its source is. The MPL wants that said."""
    return [*values(package, "Home-page"), *values(package, "Project-URL")]


def values(package: Distribution, field: str) -> list[str]:
    return package.metadata.get_all(field) or []


def texts(package: Distribution) -> list[str]:
    """Every licence and notice that came with it, and where there is no file, the head of its module."""
    files = [file for file in package.files or [] if is_licence(file)]
    found = [f"--- {file.name}\n{file.read_text(encoding='utf-8').strip()}\n" for file in files]
    modules = [file for file in package.files or [] if file.name == "__init__.py"]
    found = found or list(filter(None, map(head_of, modules[:1])))
    if not found:
        sys.exit(f"{package.name} came without the text of its licence.")
    return found


def is_licence(file: PackagePath) -> bool:
    inside = file.parts[0].endswith(".dist-info")
    return inside and bool(re.match(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", file.name, re.IGNORECASE))


def head_of(file: PackagePath) -> str:
    lines = takewhile(lambda line: line.startswith("#"), file.read_text(encoding="utf-8").splitlines())
    return "\n".join(line.strip("# ") for line in lines).lstrip()


if __name__ == "__main__":
    print("\n".join(notices(sys.argv[1])))
