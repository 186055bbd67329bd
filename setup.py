"""The version alone, which stands in metadata.yaml; everything else is in pyproject.toml."""

import re
from pathlib import Path

from setuptools import setup

METADATA = Path(__file__).with_name("metadata.yaml").read_text()

setup(version=re.findall(r"^  dockerImageTag: (.+)$", METADATA, re.MULTILINE)[0])
