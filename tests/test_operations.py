"""What is given for production speaks of commands, settings and metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from api.app import create_app
from api.settings import ApiSettings
from tailwatch.commands import app
from tailwatch.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "tailwatch"}
GRAFANA = json.loads((ROOT / "docs" / "operations" / "grafana.json").read_text())
METRIC = re.compile(r"\b(?:tailwatch|process)_\w+")


@pytest.mark.parametrize("name", OURS)
def test_each_service_runs_a_command_that_there_is(name: str) -> None:
    command: Any = get_command(app)
    *words, last = [word for word in OURS[name]["command"] if not word.startswith("-")]
    for word in words:
        command = command.commands[word]
    assert last in command.commands
    flags = {flag for option in command.commands[last].params for flag in option.opts}
    assert {word for word in OURS[name]["command"] if word.startswith("-")} <= flags


@pytest.mark.parametrize("name", OURS)
def test_each_setting_of_a_service_is_one_of_its_command(name: str) -> None:
    known = {f"TAILWATCH_{field.upper()}" for field in Settings.model_fields}
    assert set(OURS[name]["environment"]) <= known


def test_the_database_is_timescaledb_and_no_password_stands_in_the_file() -> None:
    assert COMPOSE["services"]["database"]["image"].startswith("timescale/timescaledb:")
    assert set(re.findall(r"PASSWORD: (.*)|:(\S+)@", (ROOT / "compose.yaml").read_text())) <= {
        ("${DATABASE_PASSWORD:?choose one}", ""),
        ("", "${DATABASE_PASSWORD:?choose one}"),
    }


def test_no_service_is_root_and_only_the_api_is_reached_on_this_machine() -> None:
    for name, service in OURS.items():
        assert "USER tailwatch" in service["build"]["dockerfile_inline"]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service.get("ports", []) == (["127.0.0.1:8000:8000"] if name == "api" else [])


def test_every_volume_and_service_that_is_named_is_there() -> None:
    for service in COMPOSE["services"].values():
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith(".")}
        assert named <= set(COMPOSE["volumes"])
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])


def test_the_dashboard_shows_metrics_that_there_are_and_leaves_none_of_ours_out() -> None:
    registry = create_app(ApiSettings(database_url="")).state.services.metrics.registry
    kinds = {family.name: family.type for family in registry.collect()}
    there = {
        f"{name}{suffix}"
        for name, kind in kinds.items()
        for suffix in {"counter": ["_total"], "histogram": ["_bucket"]}.get(kind, [""])
    }
    shown = {
        metric for panel in GRAFANA["panels"] for one in panel["targets"] for metric in METRIC.findall(one["expr"])
    }
    assert shown <= there
    assert {name for name in there if name.startswith("tailwatch_")} <= shown
