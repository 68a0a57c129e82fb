"""The real recording, replayed by the product, against a recomputation that shares no code with it."""

import json
import math
from datetime import datetime
from statistics import NormalDist

import pytest

from tests.integration.brute_force import BruteForce, trades_of

QUANTITIES = {"BTCUSDT": 2.0, "ETHUSDT": -25.0}
CONFIDENCES = (0.95, 0.975, 0.99)
WARM_UP = 31


@pytest.fixture(scope="module")
def files(recordings):
    return [recordings / "binance" / f"spot_{name}_20240808.gz" for name in ("btcusdt", "ethusdt")]


@pytest.fixture(scope="module")
def snapshots(files, tmp_path_factory, tailwatch):
    folder = tmp_path_factory.mktemp("replay")
    rows = "".join(f"main,{symbol},{quantity}\n" for symbol, quantity in QUANTITIES.items())
    (folder / "book.csv").write_text("portfolio,symbol,quantity\n" + rows)
    tailwatch("replay", *files, "--positions", folder / "book.csv", "--bar", "1s", "--out", folder / "out.ndjson")
    return [json.loads(line) for line in (folder / "out.ndjson").read_text().splitlines()]


@pytest.fixture(scope="module")
def oracle(files):
    return BruteForce(trades_of(files), QUANTITIES)


def measure(snapshot, method, confidence):
    return next(m for m in snapshot["measures"] if m["method"] == method and m["confidence"] == confidence)


@pytest.mark.recordings
def test_every_closed_bar_publishes_once_and_the_last_bar_stays_open(snapshots, oracle):
    seconds = [end // 1_000_000_000 for end in oracle.ends]
    assert len(snapshots) == len(oracle.ends) > 300
    assert [s["seq"] for s in snapshots] == list(range(1, len(snapshots) + 1))
    assert [_epoch(s["event_time"]) for s in snapshots] == seconds


@pytest.mark.recordings
def test_parametric_figures_are_those_of_the_raw_file_to_1e_9(snapshots, oracle):
    for row, snapshot in enumerate(snapshots[WARM_UP:], WARM_UP):
        for confidence in CONFIDENCES:
            var, es = oracle.parametric(row, confidence)
            found = measure(snapshot, "parametric", confidence)
            assert math.isclose(found["var"], var, rel_tol=1e-9), (row, confidence)
            assert math.isclose(found["es"], es, rel_tol=1e-9), (row, confidence)


@pytest.mark.recordings
def test_historical_figures_are_those_of_the_raw_file_to_1e_9(snapshots, oracle):
    for row, snapshot in enumerate(snapshots[WARM_UP:], WARM_UP):
        for confidence in CONFIDENCES:
            var, es = oracle.historical(row, confidence)
            found = measure(snapshot, "historical", confidence)
            assert math.isclose(found["var"], var, rel_tol=1e-9), (row, confidence)
            assert math.isclose(found["es"], es, rel_tol=1e-9), (row, confidence)


@pytest.mark.recordings
def test_monte_carlo_figures_lie_within_their_sampling_error(snapshots, oracle):
    """Four standard errors of an order statistic of 10,000 normals, at every closed bar.

    The draws persist, so successive errors are nearly one draw: the bound is met by all bars or the seed is unlucky
    for all, and four standard errors leave less than one chance in ten thousand for that.
    """
    for row, snapshot in enumerate(snapshots[WARM_UP:], WARM_UP):
        for confidence in CONFIDENCES:
            var, es = oracle.parametric(row, confidence)
            z = NormalDist().inv_cdf(confidence)
            error = math.sqrt(confidence * (1 - confidence) / 10_000) / NormalDist().pdf(z) / z
            found = measure(snapshot, "monte_carlo", confidence)
            assert abs(found["var"] / var - 1) < 4 * error, (row, confidence)
            assert abs(found["es"] / es - 1) < 4 * error, (row, confidence)
            assert 0.3 * error < found["var_stderr"] / found["var"] < 3 * error


@pytest.mark.recordings
def test_a_book_that_warms_up_gives_no_number_but_a_reason(snapshots):
    for snapshot in snapshots[:30]:
        assert all(m["var"] is None and m["es"] is None and m["reason"] for m in snapshot["measures"])


@pytest.mark.recordings
def test_market_value_is_quantity_times_the_price_at_the_bars_end(snapshots, oracle):
    for row, snapshot in enumerate(snapshots[1:], 1):
        _, exposures, _ = oracle.at(row)
        assert math.isclose(snapshot["market_value"], math.fsum(exposures), rel_tol=1e-12)


def _epoch(text):
    return int(datetime.fromisoformat(text[:19] + "+00:00").timestamp())


@pytest.mark.recordings
def test_each_bar_holds_the_forecast_of_the_bar_before_against_what_the_raw_file_earned(snapshots, oracle):
    root = math.sqrt(oracle.bars_in_horizon)
    for row, snapshot in enumerate(snapshots[WARM_UP + 1 :], WARM_UP + 1):
        told = snapshot["backtest"]
        earned = math.fsum(oracle.quantities * (oracle.closes[row] - oracle.closes[row - 1]))
        assert math.isclose(told["hypothetical_pnl"], earned, rel_tol=1e-9, abs_tol=1e-9)
        assert told["actual_pnl"] == told["hypothetical_pnl"]
        for confidence in CONFIDENCES:
            found = next(f for f in told["forecasts"] if (f["method"], f["confidence"]) == ("historical", confidence))
            assert math.isclose(found["var"] * root, oracle.historical(row - 1, confidence)[0], rel_tol=1e-9)
