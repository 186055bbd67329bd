"""The account and configs of the CDK's standard tests, in `make test` and `airbyte-cdk connector test`."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from integration_tests.acceptance import account
from integration_tests.conftest import oauth, server_to_server
from integration_tests.zoom_simulator import Simulator

# On a busy machine an example may take any time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

CONFIGS = Path(__file__).parent / "build" / "acceptance"

COMMANDS = {
    "test_config_matches_spec": "spec",
    "test_check": "check",
    "test_discover": "discover",
    "test_basic_read": "read",
    "test_fail_read_with_bad_catalog": "read",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the standard tests would skip: a test with a config that its section does not list."""
    functions = [item for item in items if isinstance(item, pytest.Function)]
    scenarios: list[tuple[pytest.Function, Any]] = [
        (item, item.callspec.params.get("scenario")) for item in functions if hasattr(item, "callspec")
    ]
    idle = [
        item
        for item, scenario in scenarios
        if scenario and item.originalname in COMMANDS and not scenario.runs(COMMANDS[item.originalname])
    ]
    config.hook.pytest_deselected(items=idle)
    items[:] = [item for item in items if item not in idle]


@pytest.fixture(autouse=True)
def _configs_of_scenarios(request: pytest.FixtureRequest) -> None:
    if "scenario" in request.fixturenames:
        request.getfixturevalue("acceptance_account")


@pytest.fixture(scope="session")
def acceptance_account() -> Iterator[Simulator]:
    """The account, for as long as the tests run, and the configs that acceptance-test-config.yml names."""
    with account() as simulator:
        config = server_to_server(simulator)
        wrong = {**config, "credentials": {**config["credentials"], "client_secret": "not the secret"}}
        configs = {"config": config, "oauth_config": oauth(simulator), "wrong_secret_config": wrong}
        CONFIGS.mkdir(parents=True, exist_ok=True)
        for name, content in configs.items():
            (CONFIGS / f"{name}.json").write_text(json.dumps(content))
        yield simulator
        shutil.rmtree(CONFIGS)
