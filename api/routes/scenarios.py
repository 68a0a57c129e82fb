"""Stress scenarios: those built in, and those that users have stored."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.models import NewScenario, Scenario
from api.models.stress import ScenarioName
from api.problems import ProblemError, documented
from api.scenarios import BUILT_IN, NAMES
from api.services import Served, Services

MOST_SCENARIOS = 200

router = APIRouter(prefix="/api/v1/scenarios", tags=["stress"])


@router.get("", responses=documented(503))
async def scenarios(served: Served) -> list[Scenario]:
    """List the built-in scenarios, then the stored ones by name."""
    return await all_scenarios(served)


@router.post("", responses=documented(409, 422, 503))
async def store_scenario(served: Served, scenario: NewScenario) -> Scenario:
    """Store a scenario under its name; one that was stored under it before is replaced."""
    if scenario.name in NAMES:
        raise ProblemError(409, f"the scenario {scenario.name!r} is built in; store yours under another name")
    definition = scenario.model_dump_json(exclude_defaults=True).encode()
    if not await served.reader.store_scenario(scenario.name, definition, MOST_SCENARIOS):
        raise ProblemError(409, f"there are {MOST_SCENARIOS} scenarios, which is all there can be; delete one first")
    return _stored(scenario)


@router.delete("/{name}", status_code=204, response_class=Response, responses=documented(404, 409, 422, 503))
async def delete_scenario(
    served: Served, name: Annotated[ScenarioName, Path(description="Name of a stored scenario.")]
) -> None:
    """Delete a stored scenario."""
    if name in NAMES:
        raise ProblemError(409, f"the scenario {name!r} is built in and stays")
    if not await served.reader.delete_scenario(name):
        raise ProblemError(404, "there is no scenario of this name; /api/v1/scenarios lists them")


async def all_scenarios(served: Services) -> list[Scenario]:
    """The built-in scenarios, then the stored ones."""
    stored = [NewScenario.model_validate_json(one) for one in await served.reader.scenarios()]
    return [*BUILT_IN, *map(_stored, stored)]


def _stored(scenario: NewScenario) -> Scenario:
    return Scenario(**scenario.model_dump(), built_in=False)
