"""Positions in another currency through the actor: the rate is found, told, missed, and survives a checkpoint."""

import numpy as np
import pytest

from flows.actors.rates import Rates, rate_names
from flows.actors.risk import RiskActor
from flows.commands import Holding, Positions, encode_command
from flows.messages import Accepted, Checkpoint, Command, Instant
from flows.universe import Universe
from riskcore.messages import Tick
from riskcore.positions import Rate
from riskcore.settings import NANOSECONDS

BOOK = Positions(
    (
        Holding("p", "IBM", 10.0),
        Holding("p", "SAP", 4.0, 90.0, currency="EUR"),
        Holding("p", "7203", -3.0, currency="JPY"),
    ),
    ("EURUSD", "EUR-USD", "USD/JPY"),
)
NUMBERS = {"IBM": 0, "SAP": 1, "7203": 2, "EUR-USD": 4, "USD/JPY": 5}


@pytest.fixture
def events():
    """A minute of trading, ten ticks a second; the dollar's price in yen comes ten seconds late."""
    draw = np.random.default_rng(4)
    prices = {"IBM": 150.0, "SAP": 100.0, "7203": 2_000.0, "EUR-USD": 1.1, "USD/JPY": 150.0}
    made = [Command(0, 1, encode_command(BOOK))]
    for step in range(600):
        symbol = list(prices)[int(draw.integers(5))]
        prices[symbol] *= 1 + draw.normal(0, 0.001)
        at = 1_000 * NANOSECONDS + step * NANOSECONDS // 10
        if symbol == "USD/JPY" and step < 100:
            continue
        tick = Tick("sim", symbol, at, prices[symbol])
        made.append(Accepted(len(made), 0, at + 5_000_000, NUMBERS[symbol], tick))
        made.append(Instant(len(made), at + 6_000_000))
    return made


def snapshots(outputs):
    return [snapshot for moment in outputs if not isinstance(moment, Checkpoint) for snapshot in moment.snapshots]


def run(actor, parts):
    return [out for part in parts for out in actor.on_batch(part)]


def test_values_are_converted_by_the_rate_that_ticks_and_its_risk_is_told_beside_the_positions(
    settings, events, batches
) -> None:
    last = snapshots(run(RiskActor(settings), batches(events)))[-1]
    by_symbol, by_currency = {p.symbol: p for p in last.positions}, {c.currency: c for c in last.currencies}
    euro, yen = by_currency["EUR"], by_currency["JPY"]
    assert (euro.symbol, yen.symbol) == ("EUR-USD", "USD/JPY")
    sap, toyota = by_symbol["SAP"], by_symbol["7203"]
    assert sap.market_value == pytest.approx(4.0 * sap.price * euro.rate)
    assert toyota.market_value == pytest.approx(-3.0 * toyota.price * yen.rate)
    assert yen.rate == pytest.approx(1 / 150, rel=0.1)
    assert (euro.exposure, yen.exposure) == (sap.market_value, toyota.market_value)
    assert last.market_value == pytest.approx(sum(p.market_value for p in last.positions))
    lines = [*last.positions, *last.currencies]
    at_risk = next(m for m in last.measures if m.method == "parametric" and m.confidence == 0.99)
    shortfall = next(m for m in last.measures if m.method == "monte_carlo" and m.confidence == 0.99)
    assert sum(line.component_var for line in lines) == pytest.approx(at_risk.var)
    assert sum(line.component_es for line in lines) == pytest.approx(shortfall.es)
    for line in last.currencies:
        assert line.component_var == pytest.approx(line.marginal_var * line.exposure)


def test_average_price_and_pnl_of_a_position_are_in_its_own_currency(settings, events, batches) -> None:
    sap = snapshots(run(RiskActor(settings), batches(events)))[-1].positions[1]
    assert (sap.currency, sap.average_price, sap.realised_pnl) == ("EUR", 90.0, 0.0)
    assert sap.unrealised_pnl == pytest.approx(4.0 * (sap.price - 90.0))


def test_a_position_is_uncovered_until_its_rate_comes_and_joins_the_figures_then(settings, events, batches) -> None:
    told = snapshots(run(RiskActor(settings), batches(events)))
    uncovered = [{u.symbol: u.reason for u in snapshot.quality.uncovered} for snapshot in told]
    assert uncovered[5] == {"7203": "no rate JPY/USD"}
    assert next(p for p in told[5].positions if p.symbol == "7203").market_value is None
    assert [c.currency for c in told[5].currencies] == ["EUR"]
    assert uncovered[-1] == {}
    assert {u.get("7203") for u in uncovered} == {"no rate JPY/USD", None}


@pytest.mark.parametrize("cut", [100, 300, 900])
def test_an_actor_restored_in_between_tells_the_same_bytes(settings, events, batches, cut: int) -> None:
    whole = snapshots(run(RiskActor(settings), batches(events)))
    first = run(RiskActor(settings), batches(events[:cut], state=b"feed"))
    restored = RiskActor(settings)
    restored.restore(first[-1].risk_state)
    assert snapshots(first) + snapshots(run(restored, batches(events[cut:]))) == whole


def test_a_rate_is_the_first_with_a_price_of_those_that_are_called_so_and_stays(settings) -> None:
    universe = Universe(["USD/EUR", "kraken:EUR/USD", "EURUSD"])
    rates, prices = Rates(universe, "USD"), np.full(3, np.nan)
    assert rates.of("USD") == 1.0
    assert rates.of("EUR") is None
    assert not rates.look(prices, 0)
    prices[0] = 0.9
    assert rates.look(prices, 1)
    assert rates.of("EUR") == Rate(0, inverse=True)
    prices[:] = 1.1
    assert not rates.look(prices, 3)
    assert rates.of("EUR") == Rate(0, inverse=True)


def test_the_names_of_a_rate_are_the_pair_in_all_spellings_direct_ones_first() -> None:
    names = rate_names("EUR", "USD")
    assert names[:3] == (("EURUSD", False), ("EUR-USD", False), ("EUR/USD", False))
    assert all(inverse for _, inverse in names[3:])
