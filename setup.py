"""What is not in pyproject.toml: the version, which metadata.yaml has, and the README as PyPI shows it."""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
METADATA = (ROOT / "metadata.yaml").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

version = re.findall(r"^  dockerImageTag: (.+)$", METADATA, re.MULTILINE)[0]


def address(link: re.Match[str]) -> str:
    """The link to a file or a heading of the repository, as it is at this version."""
    image, text, target = link.groups()
    place = "raw" if image else "blob"
    target = f"README.md{target}" if target.startswith("#") else target
    return f"{image}[{text}]({PROJECT['urls']['Repository']}/{place}/v{version}/{target})"


setup(
    version=version,
    long_description=re.sub(
        r"(!?)\[([^]]*)\]\((?!https://)([^)\s]+)\)", address, (ROOT / "README.md").read_text()
    ),
    long_description_content_type="text/markdown",
)
