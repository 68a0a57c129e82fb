"""The documented payloads are those that are sent."""

import dataclasses
import json
import re
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from api import models
from api.app import create_app
from api.openapi import document
from api.settings import ApiSettings
from riskcore import messages

TWINS = [
    (models.RiskSnapshot, messages.RiskSnapshot),
    (models.Measure, messages.Measure),
    (models.PositionRisk, messages.PositionRisk),
    (models.Distribution, messages.Distribution),
    (models.StressResult, messages.StressResult),
    (models.Explained, messages.Explained),
    (models.Uncovered, messages.Uncovered),
    (models.Forecast, messages.Forecast),
    (models.BarBacktest, messages.BarBacktest),
    (models.Quality, messages.Quality),
]


@pytest.mark.parametrize(("model", "message"), TWINS)
def test_model_and_message_have_the_same_fields(model: type[BaseModel], message: Any) -> None:
    documented = {field.alias or name for name, field in model.model_fields.items()}
    assert documented == {field.name for field in dataclasses.fields(message)}


def test_snapshot_of_the_core_is_valid_and_comes_back_the_same(snapshot: Any) -> None:
    stored = msgspec.json.encode(snapshot("main", 7))
    model = models.RiskSnapshot.model_validate_json(stored)
    assert json.loads(model.model_dump_json()) == json.loads(stored)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", '"1.0"', "true"])
def test_figure_that_is_no_number_is_refused(snapshot: Any, value: str) -> None:
    stored = msgspec.json.encode(snapshot("main", 7)).replace(b'"var":100.0', f'"var":{value}'.encode())
    with pytest.raises(ValidationError):
        models.RiskSnapshot.model_validate_json(stored)


WRONG_KINDS = [
    (models.NewSilence, {"starts": 0, "ends": "2026-11-22T12:00:00Z"}),
    (models.NewSilence, {"starts": "1700000000", "ends": "2026-11-22T12:00:00Z"}),
    (models.NewScenario, {"name": "a", "everything": -0.1, "propagate": 0}),
    (models.NewScenario, {"name": "a", "everything": "-0.1"}),
    (models.NewScenario, {"name": "a", "episode": {"bars": 5.5}}),
    (models.NewLimit, {"rule": "gross", "breach": "5"}),
    (models.Candidate, {"symbol": "A", "quantity": True}),
]


@pytest.mark.parametrize(("model", "told"), WRONG_KINDS)
def test_what_is_asked_is_read_as_it_is_written_and_never_guessed(model: type[BaseModel], told: Any) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(told)


def test_every_field_is_described_or_speaks_for_itself() -> None:
    for name in models.__all__:
        assert getattr(models, name).__doc__, name


def test_document_is_printed_the_same_each_time_without_a_database() -> None:
    printed = [
        subprocess.run([sys.executable, "-m", "api.openapi"], capture_output=True, check=True).stdout for _ in range(2)
    ]
    assert printed[0] == printed[1]
    document = json.loads(printed[0])
    assert document["openapi"].startswith("3.1")
    assert {"RiskSnapshot", "Alert", "Health", "Reset", "Problem"} <= set(document["components"]["schemas"])


def test_every_reference_of_the_document_leads_somewhere() -> None:
    described = document(create_app(ApiSettings(database_url="")))
    references = re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(described))
    assert set(references) <= set(described["components"]["schemas"])
    assert references
