"""Asking the running engine what would be, and what its figures rest on. Nothing is changed by it."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response

from api.models import AskedScenario, Candidates, Covariance, NewScenario, Stress, WhatIf
from api.problems import ProblemError, documented
from api.routes.portfolios import PortfolioId
from api.routes.scenarios import all_scenarios
from api.services import Served, Services

router = APIRouter(prefix="/api/v1", tags=["questions"])
_problems = documented(404, 409, 422, 503)


@router.post("/portfolios/{id}/what-if", response_model=WhatIf, responses=_problems)
async def what_if(served: Served, portfolio: PortfolioId, candidates: Candidates) -> Response:
    """Tell the risk with trades that are not done, against without; nothing is booked."""
    return await _asked(served, question="what_if", portfolio=portfolio, **candidates.model_dump())


@router.get("/portfolios/{id}/stress", response_model=Stress, responses=_problems)
async def stress(
    served: Served,
    portfolio: PortfolioId,
    scenarios: Annotated[
        str | None, Query(max_length=10_000, description="Names, separated by commas; by itself all that there are.")
    ] = None,
) -> Response:
    """Tell the P&L by position in the built-in and stored scenarios."""
    found = {one.name: one for one in await all_scenarios(served)}
    names = list(found) if scenarios is None else [name.strip() for name in scenarios.split(",") if name.strip()]
    unknown = [name for name in names if name not in found]
    if unknown or not names:
        raise ProblemError(422, f"there is no scenario {', '.join(unknown)!r}; /api/v1/scenarios lists them")
    wanted = [_definition(found[name]) for name in dict.fromkeys(names)]
    return await _asked(served, question="stress", portfolio=portfolio, scenarios=wanted)


@router.post("/portfolios/{id}/stress", response_model=Stress, responses=_problems)
async def stress_ad_hoc(served: Served, portfolio: PortfolioId, scenario: AskedScenario) -> Response:
    """Tell the P&L by position in a scenario that is not stored."""
    wanted = [_definition(scenario)]
    return await _asked(served, question="stress", portfolio=portfolio, scenarios=wanted, strict=True)


@router.get("/covariance", response_model=Covariance, responses=documented(409, 422, 503))
async def covariance(
    served: Served,
    symbols: Annotated[
        str | None, Query(max_length=20_000, description="Separated by commas, at most 100; by itself all.")
    ] = None,
) -> Response:
    """Give covariance, correlation and volatilities as the figures use them."""
    names = [name.strip() for name in (symbols or "").split(",") if name.strip()]
    return await _asked(served, question="covariance", symbols=names)


async def _asked(served: Services, **question: str | bool | Sequence[Any]) -> Response:
    return await served.asking.question(served.current_run(), msgspec.json.encode(question))


def _definition(scenario: NewScenario) -> dict[str, Any]:
    told = scenario.model_dump(exclude={"description", "source", "built_in"}, exclude_defaults=True)
    return {"name": scenario.name, **told}
