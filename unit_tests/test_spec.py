"""spec.json, from which Airbyte makes the form that people fill in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic_core import PydanticUndefined

from source_zoom.config import Config, OAuthCredentials, ServerToServerCredentials, migrate, parse
from source_zoom.exceptions import ConfigError

SPEC = json.loads((Path(__file__).parent.parent / "source_zoom" / "spec.json").read_text())
FORM = SPEC["connectionSpecification"]
OPTIONS = {
    option["properties"]["auth_type"]["const"]: option
    for option in FORM["properties"]["credentials"]["oneOf"]
}
MODELS = {"oauth2.0": OAuthCredentials, "server_to_server": ServerToServerCredentials}


def properties(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, found in schema.get("properties", {}).items():
        yield f"{path}{name}", found
        yield from properties(found, f"{path}{name}.")
        for option in found.get("oneOf", []):
            yield from properties(option, f"{path}{name}.{option['properties']['auth_type']['const']}.")


PROPERTIES = dict(properties(FORM))


@pytest.mark.parametrize("path", PROPERTIES)
def test_every_property_is_explained(path: str) -> None:
    found = PROPERTIES[path]
    assert re.fullmatch(r"[A-Z].*[^.]", found["title"])
    assert re.fullmatch(r"[A-Za-z].{10,}\.", found["description"])
    assert isinstance(found["order"], int)
    secret = re.search(r"(secret|token)$", path.rpartition(".")[2]) is not None
    assert found.get("airbyte_secret", False) == secret
    free_text = found["type"] == "string" and not secret and not {"const", "enum"} & set(found)
    assert not free_text or path.endswith("client_id") or found["examples"]


@pytest.mark.parametrize("schema", [FORM, *OPTIONS.values()], ids=["config", *OPTIONS])
def test_the_order_is_that_of_the_file(schema: dict[str, Any]) -> None:
    assert [found["order"] for found in schema["properties"].values()] == list(
        range(len(schema["properties"]))
    )
    assert schema["title"]


def test_the_consent_leaves_the_scopes_to_the_app() -> None:
    flow = SPEC["advanced_auth"]["oauth_config_specification"]["oauth_connector_input_specification"]
    query = flow["consent_url"].partition("?")[2].split("&")
    params = [f"{{{{ {name}_param }}}}" for name in ("client_id", "redirect_uri", "state")]
    assert query == ["response_type=code", *params]
    assert "scope" not in flow


def test_every_field_of_the_form_is_in_a_group() -> None:
    groups = [group["id"] for group in FORM["groups"]]
    assert {found["group"] for found in FORM["properties"].values()} == set(groups)
    assert all(group["title"] for group in FORM["groups"])
    assert all(option["description"] for option in OPTIONS.values())


@pytest.mark.parametrize(
    ("schema", "model"),
    [(FORM, Config), *((OPTIONS[kind], model) for kind, model in MODELS.items())],
    ids=["config", *MODELS],
)
def test_the_form_and_the_config_have_the_same_fields(schema: dict[str, Any], model: type[Config]) -> None:
    fields = model.model_fields
    assert set(schema["properties"]) == set(fields)
    assert set(schema["required"]) == {name for name, field in fields.items() if field.is_required()}
    for name, found in schema["properties"].items():
        default = fields[name].default
        assert found.get("default") == (None if default in (PydanticUndefined, "") else default)
        assert schema["additionalProperties"] is True


def test_the_form_and_the_config_have_the_same_bounds() -> None:
    def bounds(found: dict[str, Any]) -> dict[str, Any]:
        return {key: found[key] for key in ("minimum", "maximum", "enum") if key in found}

    models = Config.model_json_schema()["properties"]
    checked = {name: found for name, found in FORM["properties"].items() if name != "credentials"}
    assert {name: bounds(found) for name, found in checked.items()} == {
        name: bounds(models[name]) for name in checked
    }


def test_hidden_is_what_nobody_fills_in() -> None:
    hidden = {path for path, found in PROPERTIES.items() if found.get("airbyte_hidden")}
    tokens = {"credentials.oauth2.0.access_token", "credentials.oauth2.0.token_expiry_date"}
    assert hidden == {"num_workers", "api_url", "token_url", *tokens}


@pytest.mark.parametrize("value", [5, 2.0, 2.5, "2", "x", "true", True, [], {}, ["x"]], ids=repr)
@pytest.mark.parametrize("path", PROPERTIES)
def test_the_config_refuses_each_wrong_type_that_the_form_refuses(path: str, value: object) -> None:
    """So the connector's own sentence comes first, and nothing that the platform has let by is refused."""
    kind = next((kind for kind in OPTIONS if kind in path), "oauth2.0")
    credentials: dict[str, Any] = dict.fromkeys(OPTIONS[kind]["required"], "x") | {"auth_type": kind}
    config: dict[str, Any] = {"credentials": credentials}
    (credentials if "." in path else config)[path.removeprefix(f"credentials.{kind}.")] = value
    errors = list(Draft7Validator(FORM).iter_errors(config))
    try:
        parse(migrate(config))
    except ConfigError:
        # What a text must say stands in the model alone.
        assert errors or isinstance(value, str)
    else:
        assert not errors
