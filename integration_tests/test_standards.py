"""The CDK's standard tests, with the configs of acceptance-test-config.yml."""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from source_zoom import SourceZoom

ROOT = Path(__file__).parent.parent
# How often each of them runs: once for each config in its section of acceptance-test-config.yml.
RUNS = {
    "test_spec": 1,
    "test_config_matches_spec": 2,
    "test_check": 4,
    "test_discover": 1,
    "test_basic_read": 1,
    "test_fail_read_with_bad_catalog": 1,
}


class TestStandards(SourceTestSuiteBase):
    # The CDK would derive it from the folder's name, and a clone may have any.
    connector = SourceZoom


def test_the_cdk_command_runs_them(tmp_path: Path) -> None:
    # It wants a folder of this name.
    copy = shutil.copytree(
        ROOT,
        tmp_path / "source-zoom",
        ignore=shutil.ignore_patterns(".*", "build", "demo-output", "config", "out"),
    )
    command = [str(Path(sys.executable).with_name("airbyte-cdk")), "connector", "test", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = ElementTree.parse(copy / "build" / "test-results" / "standard-tests-junit.xml")
    cases = list(report.iter("testcase"))
    assert Counter(case.attrib["name"].partition("[")[0] for case in cases) == RUNS
    assert [case.attrib["name"] for case in cases if case.find("skipped") is not None] == []
