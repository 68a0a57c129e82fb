import pytest

from riskcore.errors import InputError
from riskcore.limits import Limit, check_limit, figure
from riskcore.messages import Measure, PositionRisk, Quality, RiskSnapshot, StressResult, Uncovered


def snapshot(**changes):
    quality = Quality(40, ("A",), (Uncovered("C", "no price"),), 0, 0, 0, "60s", 7, "hash")
    fields = {
        "portfolio": "main", "seq": 1, "event_time": "2026-11-22T09:30:00.000000000Z", "base_currency": "USD",
        "horizon": "1d", "market_value": -20.0, "gross": 100.0, "net": -20.0, "pnl_today": None,
        "measures": (
            Measure("historical", 0.99, 7.0, 9.0),
            Measure("parametric", 0.99, None, None, reason="warming up: 3 of 30"),
        ),
        "positions": (
            PositionRisk("A", 1, 40.0, 40.0, None, None, None, None, stale=True),
            PositionRisk("B", -1, 60.0, -60.0, None, None, None, None, stale=False),
            PositionRisk("C", 1, None, None, None, None, None, None, stale=False),
        ),
        "distribution": None, "quality": quality,
        "stress": (StressResult("rise", 5.0), StressResult("fall", -11.0)),
    } | changes  # fmt: skip
    return RiskSnapshot(**fields)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        (Limit("main", "var", "historical", 0.99, breach=1.0), 7.0),
        (Limit("main", "es", "historical", 0.99, breach=1.0), 9.0),
        (Limit("main", "stress", breach=1.0), 11.0),
        (Limit("main", "stress", scenario="rise", breach=1.0), 0.0),
        (Limit("main", "gross", breach=1.0), 100.0),
        (Limit("main", "net", breach=1.0), 20.0),
        (Limit("main", "position_share", breach=1.0), 0.6),
        (Limit("main", "stale", breach=1.0), 2.0),
    ],
    ids=lambda case: case.name if isinstance(case, Limit) else "",
)
def test_every_rule_reads_its_figure_off_a_snapshot(limit, value):
    check_limit(limit)
    assert figure(limit, snapshot()) == (value, None)


def test_a_figure_that_is_not_there_is_none_with_a_reason():
    assert figure(Limit("m", "var", "parametric", 0.99), snapshot()) == (None, "warming up: 3 of 30")
    assert figure(Limit("m", "var", "historical", 0.98), snapshot())[1] is not None
    assert figure(Limit("m", "stress", scenario="gone"), snapshot()) == (None, "scenario 'gone' is not there")
    assert figure(Limit("m", "stress"), snapshot(stress=()))[0] is None


def test_a_book_of_nothing_has_no_largest_position():
    assert figure(Limit("m", "position_share"), snapshot(gross=0.0, positions=())) == (0.0, None)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (Limit("m", "varr", breach=1.0), "rule 'varr' is not known"),
        (Limit("m", "var", "history", 0.99, breach=1.0), "method must be one of"),
        (Limit("m", "var", "historical", None, breach=1.0), "confidence must be between"),
        (Limit("m", "gross", "historical", breach=1.0), "do not go with gross"),
        (Limit("m", "gross", scenario="x", breach=1.0), "scenario does not go with"),
        (Limit("m", "gross"), "give warning, breach, or both"),
        (Limit("m", "gross", warning=2.0, breach=1.0), "below breach"),
        (Limit("m", "gross", breach=float("nan")), "must be above 0"),
        (Limit("m", "gross", breach=-1.0), "must be above 0"),
        (Limit("m", "gross", breach=1.0, hysteresis=1.0), "hysteresis is 1"),
        (Limit("m", "gross", breach=1.0, hold=-1), "for must be"),
        (Limit("m", "watchdog", breach=1.0), "has no level"),
        (Limit("m", "watchdog"), "at least 1s for a watchdog"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(limit, said):
    with pytest.raises(InputError, match=said):
        check_limit(limit)


def test_limits_on_the_same_rule_have_names_of_their_own():
    names = {
        Limit("m", "var", "historical", 0.99).name,
        Limit("m", "var", "historical", 0.975).name,
        Limit("m", "var", "parametric", 0.99).name,
        Limit("m", "es", "historical", 0.99).name,
    }
    assert names == {"var historical 0.99", "var historical 0.975", "var parametric 0.99", "es historical 0.99"}
