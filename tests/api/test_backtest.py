"""The running backtest over HTTP: stored bars, judged."""

from typing import Any

import pytest

from api.models import Backtest
from riskcore.backtest import judge
from riskcore.messages import BarBacktest, Forecast

pytestmark = pytest.mark.anyio


def bar(hypothetical: float, actual: float, var: float | None) -> BarBacktest:
    es = None if var is None else 1.2 * var
    forecasts = (Forecast("parametric", 0.95, var, es), Forecast("historical", 0.99, var, es))
    return BarBacktest("2026-11-22T12:00:00Z", hypothetical, actual, forecasts)


async def told(asked: Any, **query: Any) -> Backtest:
    async with asked() as client:
        answer = await client.get("/api/v1/portfolios/main/backtest", params=query)
    assert answer.status_code == 200, answer.text
    return Backtest.model_validate_json(answer.content)


async def test_points_are_the_stored_bars_and_the_tests_those_of_the_core(engine: Any, asked: Any) -> None:
    engine.risk()
    pnl = [-3.0, 1.0, -1.5, 2.0] * 5
    for earned in pnl:
        engine.risk(backtest=bar(earned, earned + 2.0, 2.0))
        engine.risk("other", backtest=bar(-99.0, -99.0, 1.0))
    answer = await told(asked, method="parametric", confidence=0.95)
    assert [p.hypothetical_pnl for p in answer.points] == pnl
    assert [p.actual_pnl for p in answer.points] == [earned + 2.0 for earned in pnl]
    assert [p.hypothetical_exception for p in answer.points] == [earned < -2.0 for earned in pnl]
    assert not any(p.actual_exception for p in answer.points)
    assert answer.points == sorted(answer.points, key=lambda p: p.event_time)
    expected = judge(pnl, [2.0] * 20, [2.4] * 20, 0.95, "bar")
    test = next(t for t in answer.tests if (t.method, t.confidence, t.pnl) == ("parametric", 0.95, "hypothetical"))
    assert (test.exceptions, test.bars, test.verdict) == (expected.exceptions, 20, expected.verdict)
    assert (test.kupiec.p_value, test.z2.statistic) == (expected.kupiec.p_value, expected.z2.statistic)
    assert len(answer.tests) == 4


async def test_bars_before_the_first_forecast_are_no_failures_and_later_ones_are(engine: Any, asked: Any) -> None:
    for var in (None, None, 2.0, None, 2.0):
        engine.risk(backtest=bar(0.5, 0.5, var))
    answer = await told(asked)
    assert [p.var for p in answer.points] == [2.0, None, 2.0]
    assert {(t.bars, t.exceptions, t.missing) for t in answer.tests} == {(3, 1, 1)}
    assert "1 of the exceptions are bars without forecast" in answer.tests[0].verdict


async def test_too_few_bars_are_said_to_be_too_few(engine: Any, asked: Any) -> None:
    engine.risk()
    assert (await told(asked)).tests == []
    engine.risk(backtest=bar(0.5, 0.5, 2.0))
    test = (await told(asked)).tests[0]
    assert test.verdict == "too few bars to tell: 1, with 0.1 exceptions expected"
    assert test.kupiec.reason == "no exceptions"


async def test_only_so_many_of_the_newest_bars_are_judged(engine: Any, asked: Any) -> None:
    for earned in range(9):
        engine.risk(backtest=bar(float(earned), 0.0, 2.0))
    answer = await told(asked, bars=4)
    assert [p.hypothetical_pnl for p in answer.points] == [5.0, 6.0, 7.0, 8.0]


async def test_what_cannot_be_judged_is_a_problem(engine: Any, asked: Any) -> None:
    engine.risk(backtest=bar(0.5, 0.5, 2.0))
    async with asked() as client:
        for path, status, what in (
            ("main/backtest?confidence=0.9", 422, "there is at 0.95, 0.99"),
            ("main/backtest?bars=0", 422, "bars"),
            ("main/backtest?bars=5001", 422, "bars"),
            ("nobody/backtest", 404, "no portfolio"),
        ):
            answer = await client.get(f"/api/v1/portfolios/{path}")
            assert (answer.status_code, what in answer.text) == (status, True)
