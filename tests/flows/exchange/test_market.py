from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.exchange import Market, example_book, list_instruments, simulate_history, write_book, write_history
from flows.exchange.market import YEAR_S, Factors
from riskcore.errors import InputError

SECOND = 1_000_000_000
STEP = SECOND // 20


@pytest.fixture(scope="module")
def instruments():
    return list_instruments(60, seed=7)


def _run(market: Market, steps: int) -> tuple[np.ndarray, int]:
    rows, trades = [], 0
    for step in range(steps):
        trades += len(market.advance(step * STEP, (step + 1) * STEP).times)
        if step % 20 == 19:
            rows.append(market.prices)
    return np.array(rows), trades


def test_instruments_have_names_of_their_own_prices_and_plausible_volatilities():
    listed = list_instruments(3_000, seed=7)
    assert len({instrument.symbol for instrument in listed}) == 3_000
    assert all(instrument.price > 0 for instrument in listed)
    assert all(0.2 <= instrument.volatility <= 0.8 for instrument in listed)
    assert len({instrument.sector for instrument in listed[:50]}) >= 5


@given(st.integers(1, 200), st.integers(1, 200))
def test_a_longer_list_begins_with_the_shorter_one(one: int, other: int):
    shorter, longer = sorted((one, other))
    assert list_instruments(longer, seed=3)[:shorter] == list_instruments(shorter, seed=3)


@pytest.mark.parametrize("count", [0, -1, 100_001])
def test_a_market_of_no_or_too_many_instruments_is_refused(count: int):
    with pytest.raises(InputError, match="ask for 1 to 100000"):
        list_instruments(count, seed=7)


def test_the_same_seed_trades_the_same_and_another_session_does_not(instruments):
    def first_second(session: int) -> list[list[float]]:
        market = Market(instruments, 7, session=session)
        return [column.tolist() for column in market.advance(0, SECOND)]

    assert first_second(0) == first_second(0)
    assert first_second(0) != first_second(1)


def test_trades_come_at_the_rate_asked_for_at_irregular_moments_in_order(instruments):
    market = Market(instruments, 7, rate=500.0)
    trades = [market.advance(second * SECOND, (second + 1) * SECOND) for second in range(40)]
    counts = np.array([len(batch.times) for batch in trades])
    assert abs(counts.mean() - 500) < 4 * np.sqrt(500 / 40)
    assert 0.4 < counts.var() / 500 < 2.0
    for second, batch in enumerate(trades):
        assert np.all(np.diff(batch.times) >= 0)
        assert second * SECOND < batch.times.min()
        assert batch.times.max() <= (second + 1) * SECOND


def test_a_long_pause_is_not_made_up_for(instruments):
    trades = Market(instruments, 7, rate=100.0).advance(0, 3_600 * SECOND)
    assert len(trades.times) < 200
    assert trades.times.min() > 3_598 * SECOND


def test_prices_move_together_in_sectors_and_have_fat_tails(instruments):
    prices, _ = _run(Market(instruments, 7, rate=1.0), 20 * 1_500)
    returns = np.diff(np.log(prices), axis=0)
    correlation, expected = np.corrcoef(returns.T), Factors(instruments).correlation()
    off = ~np.eye(len(instruments), dtype=bool)
    assert np.abs(correlation - expected)[off].mean() < 0.05
    assert correlation[off].mean() > 0.1
    standardised = returns / returns.std(axis=0)
    assert (standardised**4).mean() > 3.5


def test_realised_volatility_is_that_of_the_instrument(instruments):
    realised = []
    for seed in range(5):
        prices, _ = _run(Market(instruments, seed, rate=1.0), 20 * 400)
        realised.append(np.diff(np.log(prices), axis=0).std(axis=0) * np.sqrt(YEAR_S))
    stated = np.array([instrument.volatility for instrument in instruments])
    # Clusters make a short stretch calmer or wilder as a whole: their spread is 0.35.
    assert 0.75 < np.mean(np.array(realised) / stated) < 1.25


def test_liveliness_multiplies_every_move(instruments):
    calm, _ = _run(Market(instruments, 7, rate=1.0), 400)
    lively, _ = _run(Market(instruments, 7, rate=1.0, liveliness=10.0), 400)
    ratio = np.diff(np.log(lively), axis=0).std() / np.diff(np.log(calm), axis=0).std()
    assert 9.5 < ratio < 10.5


def test_a_resumed_market_begins_at_the_prices_where_the_other_ended(instruments):
    before = Market(instruments, 7)
    _run(before, 200)
    after = Market(list_instruments(80, seed=7), 7, session=1)
    after.resume(before.state())
    np.testing.assert_allclose(after.prices[:60], before.prices, rtol=1e-12)
    assert after.prices[60:].tolist() == [i.price for i in list_instruments(80, seed=7)[60:]]


def test_history_ends_at_the_present_and_fits_what_comes_after(instruments):
    present = Market(instruments, 7).prices
    last = date(2026, 11, 21)
    history = simulate_history(instruments, present, 1_500, 7, last=last)
    assert history.prices.shape == (1_500, 60)
    np.testing.assert_allclose(history.prices[-1], present, rtol=1e-12)
    assert history.dates[-1] == last
    assert history.dates[0] == last - timedelta(days=1_499)
    returns = np.diff(np.log(history.prices), axis=0)
    stated = np.array([instrument.volatility for instrument in instruments])
    assert 0.8 < np.mean(returns.std(axis=0) * np.sqrt(365) / stated) < 1.2
    off = ~np.eye(60, dtype=bool)
    assert np.abs(np.corrcoef(returns.T) - Factors(instruments).correlation())[off].mean() < 0.06


def test_history_comes_to_the_level_of_volatility_at_which_the_market_begins(instruments):
    present = Market(instruments, 7).prices
    stated = np.array([instrument.volatility for instrument in instruments])
    pasts = [simulate_history(instruments, present, 60, seed, last=date(2026, 11, 21)).prices for seed in range(80)]
    levels = np.log([(np.diff(np.log(past), axis=0) / stated).std(axis=1) for past in pasts])
    assert levels[:, -1].std() < 0.75 * levels[:, 0].std()


def test_history_is_written_with_a_date_and_a_column_for_each_symbol(instruments, tmp_path):
    history = simulate_history(instruments[:2], np.array([10.0, 20.0]), 3, 7, last=date(2026, 1, 3))
    write_history(history, tmp_path / "history.csv")
    header, *rows = (tmp_path / "history.csv").read_text().splitlines()
    assert header == f"date,{instruments[0].symbol},{instruments[1].symbol}"
    assert [row[:10] for row in rows] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert rows[-1] == "2026-01-03,10.0,20.0"


def test_the_example_book_is_long_and_short_over_several_desks(instruments):
    book = example_book(instruments, Market(instruments, 7).prices, 7)
    assert len({holding.portfolio for holding in book}) >= 4
    assert len({holding.desk for holding in book}) >= 2
    assert {holding.symbol for holding in book} <= {instrument.symbol for instrument in instruments}
    assert min(holding.quantity for holding in book) < 0 < max(holding.quantity for holding in book)
    assert all(holding.quantity != 0 and holding.avg_price > 0 for holding in book)
    by_place = [(holding.portfolio, holding.symbol) for holding in book]
    assert len(set(by_place)) == len(by_place)


def test_a_small_market_has_a_book_too():
    instruments = list_instruments(1, seed=7)
    assert [h.symbol for h in example_book(instruments, Market(instruments, 7).prices, 7)].count("AAPL") >= 1


def test_the_book_is_written_as_a_positions_file(instruments, tmp_path):
    book = example_book(instruments, Market(instruments, 7).prices, 7)
    write_book(book, tmp_path / "book.csv")
    lines = (tmp_path / "book.csv").read_text().splitlines()
    assert lines[0] == "portfolio,symbol,quantity,avg_price,multiplier,currency,desk"
    assert len(lines) == 1 + len(book)
