"""Every fault of the stream that a feed may have (rows F10 to F16, D1 to D11), by script, with the ledger's verdict."""

import json
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.exchange import read_faults
from flows.exchange.misbehaviour import Injected, Misbehaviour
from flows.messages import Kind, Record
from tests.flows.verdict import SETTINGS, Verdict, judge

NOW = 1_700_000_000_000_000_000
SYMBOLS = ("A", "B", "C")
TICKS = 1500
STEP = 20_000_000


def _market(seed: int = 3, step: int = STEP) -> list[dict[str, object]]:
    draw = np.random.default_rng(seed)
    prices = dict.fromkeys(SYMBOLS, 100.0)
    ticks = []
    for number in range(1, TICKS + 1):
        symbol = SYMBOLS[int(draw.integers(len(SYMBOLS)))]
        prices[symbol] = round(prices[symbol] * float(np.exp(draw.normal(0.0, 0.0005))), 4)
        ticks.append({"ts": NOW + number * step, "symbol": symbol, "price": prices[symbol], "size": 1.0, "seq": number})
    return ticks


def _run(script: str, seed: int = 3, step: int = STEP) -> tuple[Verdict, list[Injected]]:
    """Play the market with these faults, tick by tick, each received a millisecond after its time."""
    wrong = Misbehaviour(read_faults(script), seed)
    hello = b'{"type":"hello","session":"first"}'
    offsets, records = count(1), [Record(0, NOW, Kind.FRAME, "tailwatch", "ws://faulty", 0, hello)]
    for tick in _market(step=step):
        stamp = int(str(tick["ts"])) + 1_000_000
        for frame in wrong.frames([tick]):
            assert isinstance(frame, bytes)
            records.append(Record(next(offsets), stamp, Kind.FRAME, "tailwatch", "ws://faulty", 0, frame))
    return judge(records, SYMBOLS), wrong.injected


def _numbers(injected: list[Injected], verb: str) -> list[int]:
    return [number for one in injected if one.verb == verb for number in one.numbers]


@pytest.fixture(scope="module")
def undisturbed() -> Verdict:
    verdict, _ = _run("")
    assert len(verdict.accepted) == TICKS
    assert len(verdict.closes) > 20
    return verdict


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20), rate=st.sampled_from(["0.01", "0.2"]), window=st.integers(1, 200))
def test_f10_what_is_told_again_is_dropped_and_counted(seed: int, rate: str, window: int) -> None:
    verdict, injected = _run(f"repeat~{rate}; repeat@700x{window}", seed)
    assert verdict.duplicate == {"repeated": len(_numbers(injected, "repeat"))}
    same, _ = _run("")
    assert verdict.accepted == same.accepted
    assert verdict.closes == same.closes


def test_f11_of_two_prices_under_one_number_the_first_counts(undisturbed: Verdict) -> None:
    verdict, injected = _run("conflict~0.05")
    assert verdict.duplicate == {"conflict": len(_numbers(injected, "conflict"))}
    assert verdict.duplicate["conflict"] > 40
    assert verdict.accepted == undisturbed.accepted


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20), window=st.integers(2, 40))
def test_f12_ticks_out_of_order_within_the_lateness_give_the_bars_of_ticks_in_order(seed: int, window: int) -> None:
    verdict, _ = _run(f"reorder~0.02x{window}", seed)
    same, _ = _run("")
    bars = dict(same.closes)
    assert sorted(verdict.accepted, key=_number) == same.accepted[: len(verdict.accepted)] or verdict.gaps
    assert verdict.late == 0
    assert verdict.duplicate == {}
    assert all(bars[end] == prices for end, prices in verdict.closes)


def _number(tick: tuple[object, ...]) -> int:
    return int(str(tick[3]))


def test_f13_what_is_too_late_is_counted_and_leaves_closed_bars_alone() -> None:
    late, injected = _run("skew@400x5 by=-10s; skew@900x7 by=-15s")
    gone, _ = _run("skip@400x5; skip@900x7")
    assert late.late == len(_numbers(injected, "edit")) == 12
    assert late.closes == gone.closes
    assert late.rejected == {}


@settings(max_examples=20)
@given(seed=st.integers(0, 2**20))
def test_f14_gaps_are_declared_with_their_exact_ranges(seed: int) -> None:
    verdict, injected = _run("skip~0.03; skip@500x60", seed)
    skipped = _numbers(injected, "skip")
    last = max(_number(tick) for tick in verdict.accepted)
    declared = [number for first, to in verdict.gaps for number in range(first, to + 1)]
    first = min(_number(tick) for tick in verdict.accepted)
    assert declared == [number for number in skipped if first < number < last]


@pytest.mark.parametrize(("hello", "step"), [("", STEP), ("hello=no", 10 * STEP)])
def test_f15_a_numbering_that_begins_again_drops_nothing(hello: str, step: int) -> None:
    verdict, _ = _run(f"restart@300 {hello}; restart@800 {hello}", step=step)
    assert len(verdict.accepted) == TICKS
    assert verdict.duplicate == verdict.rejected == {}
    assert verdict.gaps == []


@pytest.mark.parametrize(
    ("skew", "rejected", "late"),
    [
        ("by=1h", {"future": 5}, 0),
        ("by=-1h", {}, 5),
        ("to=1970-01-01T00:00:00Z", {"bad_time": 5}, 0),
        ("to=1970-01-01T00:00:01Z", {}, 5),
        ("to=2262-01-01T00:00:00Z", {"future": 5}, 0),
    ],
)
def test_f16_a_wrong_clock_moves_no_watermark_and_makes_no_good_tick_late(
    undisturbed: Verdict, skew: str, rejected: dict[str, int], late: int
) -> None:
    verdict, _ = _run(f"skew@700x5 {skew}")
    assert verdict.rejected == rejected
    assert verdict.late == late
    bars = dict(undisturbed.closes)
    assert [end for end, _ in verdict.closes] == [end for end, _ in undisturbed.closes]
    assert sum(bars[end] != prices for end, prices in verdict.closes) <= 1


def test_f16_the_year_9999_is_no_time_at_all() -> None:
    frame = json.dumps([{"ts": "9999-12-31T23:59:59Z", "symbol": "A", "price": 1.0, "seq": 1}]).encode()
    good = json.dumps([{"ts": NOW, "symbol": "A", "price": 1.0, "seq": 2}]).encode()
    records = [Record(n, NOW + n, Kind.FRAME, "tailwatch", "ws", 0, one) for n, one in enumerate((frame, good))]
    assert judge(records, ["A"]).rejected == {"bad_time": 1}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("field", ["price", "size"])
def test_d1_what_is_not_finite_is_refused_and_its_neighbours_are_not(field: str, text: str) -> None:
    verdict, injected = _run(f"{field}@600x4 is={text}")
    assert verdict.rejected == {"not_finite": 4}
    assert len(verdict.accepted) == TICKS - 4
    assert [number for first, last in verdict.gaps for number in range(first, last + 1)] == _numbers(injected, "edit")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *(("0", "not_positive"), ("-1", "not_positive"), ("-0.0", "not_positive")),
        *(("5e-324", "out_of_bounds"), ("1e-13", "out_of_bounds"), ("1e300", "out_of_bounds")),
    ],
)
def test_d2_d3_a_price_that_no_market_has_is_refused(undisturbed: Verdict, text: str, reason: str) -> None:
    verdict, _ = _run(f"price@600x4 is={text}")
    assert verdict.rejected == {reason: 4}
    assert verdict.gaps == []
    assert len(verdict.accepted) == TICKS - 4


@pytest.mark.parametrize("times", ["10", "100", "0.1"])
def test_d3_a_spike_that_nothing_confirms_moves_no_figure(times: str) -> None:
    spiked, injected = _run(f"price@900 times={times}; price@1200 times={times}")
    gone, _ = _run("skip@900; skip@1200")
    assert spiked.suspect == len(_numbers(injected, "edit")) == 2
    assert spiked.closes == gone.closes
    assert [one.measures for one in spiked.snapshots] == [one.measures for one in gone.snapshots]


ATTACKS = [
    "'; DROP TABLE ticks; --",
    "<script>",
    "=cmd()",
    "../../etc/passwd\x00",
    "A\u202eB",
    "x" * 10_000,
    "😀",
]


@pytest.mark.parametrize("symbol", ATTACKS, ids=range(len(ATTACKS)))
def test_d6_a_symbol_that_is_an_attack_is_counted_as_no_symbol(symbol: str) -> None:
    good = {"ts": NOW, "symbol": "A", "price": 1.0}
    frame = json.dumps([good | {"seq": 1}, good | {"symbol": symbol, "seq": 2}, good | {"seq": 3}]).encode()
    verdict = judge([Record(0, NOW, Kind.FRAME, "tailwatch", "ws", 0, frame)], ["A"])
    assert verdict.rejected == {"bad_symbol": 1}
    assert len(verdict.accepted) == 2


def test_d5_a_million_unknown_symbols_would_take_no_more_room_than_one() -> None:
    ticks = [{"ts": NOW, "symbol": f"U{n}", "price": 1.0, "seq": n} for n in range(1, 20_001)]
    frames = [json.dumps(ticks[at : at + 500]).encode() for at in range(0, len(ticks), 500)]
    records = [Record(n, NOW, Kind.FRAME, "tailwatch", "ws", 0, frame) for n, frame in enumerate(frames)]
    verdict = judge([*records, Record(99, NOW, Kind.CLOCK, "", "", 0, b"")], ["A"])
    assert verdict.rejected == {"unknown_symbol": 20_000}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        *(("json", "malformed"), ("object", "not_an_object"), ("utf8", "not_utf8"), ("nan", "not_finite")),
        *(("deep", "too_deep"), ("unknown", "unrecognised"), ("large", "too_large")),
    ],
)
def test_d7_d8_d9_d11_a_frame_that_nobody_can_read_costs_itself_alone(
    undisturbed: Verdict, kind: str, reason: str
) -> None:
    verdict, _ = _run(f"garbage@500x3 kind={kind}; garbage@900 kind={kind}")
    assert verdict.rejected == {reason: 4}
    assert verdict.accepted == undisturbed.accepted
    assert verdict.closes == undisturbed.closes


def test_d7_a_tick_that_says_its_price_twice_is_refused_and_moves_no_figure(undisturbed: Verdict) -> None:
    ticks = [json.dumps(tick).encode() for tick in _market()]
    bad = ticks[500].replace(b'"size"', b'"price": 1.5, "size"')
    stamps = [NOW + number * STEP + 1_000_000 for number in range(1, TICKS + 1)]
    told = [*zip(stamps[:500], ticks[:500], strict=True), (stamps[499], bad)]
    told += zip(stamps[500:], ticks[500:], strict=True)
    records = [Record(n, at, Kind.FRAME, "tailwatch", "ws", 0, frame) for n, (at, frame) in enumerate(told)]
    verdict = judge(records, SYMBOLS)
    assert verdict.rejected == {"doubled_field": 1}
    assert verdict.accepted == undisturbed.accepted
    assert verdict.closes == undisturbed.closes


def test_d12_fields_that_nobody_knows_are_ignored_and_missing_ones_refused() -> None:
    new = {"ts": NOW, "symbol": "A", "price": 1.0, "seq": 1, "venue_flag": {"deep": [1, 2]}}
    renamed = {"time": NOW, "symbol": "A", "price": 1.0, "seq": 2}
    texts = {"ts": NOW, "symbol": "A", "price": "one", "seq": 3}
    frames = [json.dumps(one).encode() for one in (new, renamed, texts)]
    verdict = judge([Record(n, NOW, Kind.FRAME, "tailwatch", "ws", 0, f) for n, f in enumerate(frames)], ["A"])
    assert verdict.rejected == {"missing_field": 1, "wrong_type": 1}
    assert len(verdict.accepted) == 1


def test_everything_at_once_still_adds_up() -> None:
    script = (
        "skip~0.02; repeat~0.05; conflict~0.02; reorder~0.01x5; skew~0.01 by=-5s; skew~0.01 by=2h; garbage~0.02;"
        "price~0.01 is=0; price~0.01 times=50; symbol~0.01 is=ZZZ; size~0.01 is=-1"
    )
    for seed in range(5):
        verdict, _ = _run(script, seed)
        assert len(verdict.accepted) > TICKS * 0.8
        assert {"future", "malformed", "not_positive", "unknown_symbol", "bad_size"} <= set(verdict.rejected)
    assert SETTINGS.lateness > 0
