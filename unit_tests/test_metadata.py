"""metadata.yaml, which Airbyte's registry reads, and what stands in other files as well."""

import json
import re
import tomllib
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from airbyte_cdk.models.connector_metadata import ConnectorLanguage, MetadataFile

from source_zoom.api.rate_limits import RetryBudget
from source_zoom.config import parse
from source_zoom.streams import STREAMS

ROOT = Path(__file__).parent.parent
METADATA = MetadataFile.from_file(ROOT / "metadata.yaml").data
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_the_same_everywhere() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert version(PROJECT["name"]) == METADATA.dockerImageTag == newest[1]


def test_the_metadata_speak_of_this_package() -> None:
    extra = METADATA.model_extra
    assert extra
    assert METADATA.language is ConnectorLanguage.PYTHON
    assert METADATA.dockerRepository == PROJECT["name"]
    assert f"\nLABEL io.airbyte.name={PROJECT['name']} " in (ROOT / "Dockerfile").read_text()
    assert extra["githubIssueLabel"] == extra["remoteRegistries"]["pypi"]["packageName"] == PROJECT["name"]
    assert extra["license"] == PROJECT["license"]
    assert (ROOT / "LICENSE").read_text().startswith(f"{PROJECT['license']} License\n")
    assert (ROOT / extra["erdUrl"].partition("/blob/main/")[2]).is_file()
    assert (ROOT / extra["icon"]).read_text().startswith("<svg ")


def test_the_spec_says_what_the_metadata_say() -> None:
    spec = json.loads((ROOT / "source_zoom" / "spec.json").read_text())
    assert spec["documentationUrl"] == (METADATA.model_extra or {})["documentationUrl"]
    assert spec["supportsIncremental"] == any(stream.has_cursor() for stream in STREAMS)


def test_the_platform_waits_longer_than_a_request_is_repeated() -> None:
    assert METADATA.model_extra
    assert METADATA.model_extra["maxSecondsBetweenMessages"] > 2 * RetryBudget.seconds


def test_the_base_image_is_pinned_and_the_dockerfile_takes_it() -> None:
    assert METADATA.connectorBuildOptions
    base = METADATA.connectorBuildOptions.baseImage or ""
    assert re.fullmatch(r"docker\.io/airbyte/python-connector-base:[\d.]+@sha256:[0-9a-f]{64}", base)
    assert f"\nARG BASE_IMAGE={base}\n" in (ROOT / "Dockerfile").read_text()


def test_suggested_streams_exist() -> None:
    assert METADATA.suggestedStreams
    suggested = METADATA.suggestedStreams.streams
    assert set(suggested) < {stream.stream_name() for stream in STREAMS}
    assert len(set(suggested)) == len(suggested)


@pytest.mark.parametrize("environment", ["zoom.us", "zoomgov.com"])
def test_the_hosts_that_a_sync_needs_are_allowed(environment: str) -> None:
    allowed = (METADATA.model_extra or {})["allowedHosts"]["hosts"]
    credentials = {
        "auth_type": "server_to_server",
        "account_id": "account",
        "client_id": "id",
        "client_secret": "secret",
    }
    config = parse({"credentials": credentials, "environment": environment})
    for url in (config.api_base, config.token_endpoint):
        host = urlsplit(url).hostname
        assert host
        assert any(fnmatch(host, pattern) for pattern in allowed)
