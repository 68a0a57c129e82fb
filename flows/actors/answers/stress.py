"""What a portfolio gains or loses in stress scenarios, position by position."""

from typing import Any

from flows.actors.answers.symbols import number_of
from flows.actors.portfolio import Portfolio
from flows.questions import Scenario, Stress
from flows.universe import Universe
from riskcore.book import RiskBook
from riskcore.errors import InputError
from riskcore.stress import Shock


def stress(portfolio: Portfolio, content: Stress, universe: Universe) -> dict[str, Any]:
    """P&L of each scenario; one that does not fit this portfolio has none, and a reason.

    A question of one scenario that is ``strict`` raises ``InputError`` instead.
    """
    twin = portfolio.copy()
    results = [_result(twin, scenario, universe, content.strict) for scenario in content.scenarios]
    return {"market_value": twin.book.market_value, "results": results, "uncovered": twin.uncovered()}


def _result(portfolio: Portfolio, scenario: Scenario, universe: Universe, strict: bool) -> dict[str, Any]:  # noqa: FBT001
    try:
        positions = _positions(portfolio, scenario, universe)
    except InputError as error:
        if strict:
            raise
        return {"scenario": scenario.name, "pnl": None, "positions": [], "reason": str(error)}
    pnl = sum(row["pnl"] for row in positions) + 0.0
    return {"scenario": scenario.name, "pnl": pnl, "positions": positions, "reason": None}


def _positions(portfolio: Portfolio, scenario: Scenario, universe: Universe) -> list[dict[str, Any]]:
    book = portfolio.book
    pnl, values, left_out = _pnl(book, scenario, universe), book.values, {number for number, _ in book.uncovered}
    rows = [
        {"symbol": held.symbol, "market_value": float(values[number]), "pnl": float(pnl[number])}
        for number, held in portfolio.holdings.items()
        if held.quantity and number not in left_out
    ]
    return sorted(rows, key=lambda row: (row["pnl"], row["symbol"]))


def _pnl(book: RiskBook, scenario: Scenario, universe: Universe) -> Any:
    if scenario.episode is not None:
        kept = len(book.model.window.order)
        first = kept - scenario.episode.ago - scenario.episode.bars
        if first < 0:
            raise InputError(
                f"the episode begins {-first} bars before the {kept} that are kept: make it shorter or later"
            )
        return book.stress_episode(slice(first, kept - scenario.episode.ago))
    shock = _shock(scenario, universe)
    if not scenario.propagate:
        return book.stress(shock)
    shocks = shock.by_instrument(book.model.n_instruments)
    try:
        return book.stress(shocks, propagate=True)
    except InputError as error:
        names = ", ".join(f"{number} is {universe.keys[number]}" for number in shocks)
        raise InputError(f"{error} ({names})") from error


def _shock(scenario: Scenario, universe: Universe) -> Shock:
    groups = [
        ([number_of(universe, symbol, f"groups.{at}.symbols") for symbol in group.symbols], group.shock)
        for at, group in enumerate(scenario.groups)
    ]
    instruments = {number_of(universe, symbol, "instruments"): shock for symbol, shock in scenario.instruments.items()}
    return Shock(scenario.everything, groups, instruments)
