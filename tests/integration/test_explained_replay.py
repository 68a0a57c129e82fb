"""The explanations of a replay of the real recording, against the raw file and against the figures they explain."""

import json
import math
from itertools import pairwise
from statistics import NormalDist

import pytest

from tests.integration.brute_force import BruteForce, trades_of

QUANTITIES = {"BTCUSDT": 2.0, "ETHUSDT": -25.0}
PARTS = ("trades", "prices", "covariance", "scenarios")


@pytest.fixture(scope="module")
def files(recordings):
    return [recordings / "binance" / f"spot_{name}_20240808.gz" for name in ("btcusdt", "ethusdt")]


@pytest.fixture(scope="module")
def replayed(files, tmp_path_factory, tailwatch):
    """Return a function that gives the snapshots of a replay with ``--publish``."""

    def run(publish):
        folder = tmp_path_factory.mktemp("explained")
        rows = "".join(f"main,{symbol},{quantity}\n" for symbol, quantity in QUANTITIES.items())
        (folder / "book.csv").write_text("portfolio,symbol,quantity\n" + rows)
        out = folder / "out.ndjson"
        options = ("--bar", "1s", "--paths", "1000", "--publish", publish, "--out", out)
        tailwatch("replay", *files, "--positions", folder / "book.csv", *options)
        return [json.loads(line) for line in out.read_text().splitlines()]

    return run


def figures(snapshot):
    return {(m["method"], m["confidence"]): m["var"] for m in snapshot["measures"] if m["var"] is not None}


def explained(snapshot):
    return {(e["method"], e["confidence"]): [e[part] for part in PARTS] for e in snapshot["explain"]}


@pytest.mark.recordings
@pytest.mark.parametrize("publish", ["bar", "250ms"])
def test_the_parts_add_up_from_the_first_figure_to_any_other(replayed, publish):
    # In the file a bar stands at its end, before ticks that were told while it was open: the order of telling is seq.
    told = sorted(replayed(publish), key=lambda snapshot: snapshot["seq"])
    numbered = [s for s in told if len(figures(s)) == 9]
    assert len(numbered) > 300
    first, sums = figures(numbered[0]), dict.fromkeys(figures(numbered[0]), 0.0)
    for before, after in pairwise(numbered):
        assert {e["since_seq"] for e in after["explain"]} == {before["seq"]}
        for key, var in figures(after).items():
            parts = explained(after)[key]
            sums[key] += math.fsum(parts)
            assert math.isclose(math.fsum(parts), var - figures(before)[key], rel_tol=1e-9, abs_tol=1e-9 * var)
            assert math.isclose(sums[key], var - first[key], abs_tol=1e-9 * var)
            assert parts[0] == 0.0


@pytest.mark.recordings
def test_prices_and_covariance_are_those_of_the_raw_file(replayed, files):
    oracle = BruteForce(trades_of(files), QUANTITIES)
    k, quantile = oracle.bars_in_horizon, NormalDist().inv_cdf(0.99)
    checked = 0
    for row, snapshot in enumerate(replayed("bar")):
        if not snapshot["explain"] or row % 7:
            continue
        covariance, before, full = oracle.at(row - 1)
        new_covariance, after, new_full = oracle.at(row)

        def parametric(w, matrix):
            return quantile * math.sqrt(k * float(w @ matrix @ w))

        def historical(w, returns):
            losses = sorted((-math.sqrt(k) * (returns @ w)).tolist())
            return losses[math.ceil(len(losses) * 0.99 - 1e-9) - 1]

        start, moved, end = (
            parametric(before, covariance),
            parametric(after, covariance),
            parametric(after, new_covariance),
        )
        expected = {"parametric": [0.0, moved - start, end - moved, 0.0]}
        start, moved, end = historical(before, full), historical(after, full), historical(after, new_full)
        expected["historical"] = [0.0, moved - start, 0.0, end - moved]
        for method, parts in expected.items():
            assert explained(snapshot)[method, 0.99] == pytest.approx(parts, abs=1e-9 * end)
            checked += 1
    assert checked > 60
