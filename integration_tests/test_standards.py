"""The CDK's standard tests, with the configs of acceptance-test-config.yml."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from source_zoom import SourceZoom

ROOT = Path(__file__).parent.parent


class TestStandards(SourceTestSuiteBase):
    # The CDK would derive it from the folder's name, and a clone may have any.
    connector = SourceZoom


def test_the_cdk_command_runs_them(tmp_path: Path) -> None:
    # It wants a folder of this name.
    copy = shutil.copytree(
        ROOT, tmp_path / "source-zoom", ignore=shutil.ignore_patterns(".*", "build", "demo-output")
    )
    command = [str(Path(sys.executable).with_name("airbyte-cdk")), "connector", "test", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\n\d+ passed, \d+ deselected in ", done.stdout)
