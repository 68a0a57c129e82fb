"""Ticks a second through a whole replay."""

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from flows.commands import Holding, Positions
from flows.replay import Replay, replay_to_file
from riskcore.settings import NANOSECONDS, RiskSettings
from tests.benchmarks.report import Table, duration

TICKS, INSTRUMENTS = 300_000, 50
RECORDINGS = Path(os.environ.get("TAILWATCH_DATA", "../shared/data"))


def measure_replay() -> Table:
    """Replay generated ticks and, where they are, real recordings into a file."""
    table = Table(
        "Replay",
        "`tailwatch replay --out` in one process: read, decode, judge, bars, three methods with 10,000 paths, JSON. "
        f"Generated: {TICKS:,} ticks of {INSTRUMENTS} instruments at 500 a second of event time, one portfolio "
        "that holds all, bars of 60 s. Recorded: two Binance files, bars of 1 s; most of their lines are quotes "
        "and depth, which are read and passed over.",
        ("input", "lines", "ticks", "time", "lines/s", "ticks/s"),
    )
    with tempfile.TemporaryDirectory() as folder:
        generated = _generate(Path(folder) / "ticks.ndjson")
        book = Positions(tuple(Holding("main", f"S{i:02d}", 10.0) for i in range(INSTRUMENTS)))
        table.rows.append(_row("generated NDJSON", [generated], book, RiskSettings(), Path(folder)))
        recorded = [RECORDINGS / "binance" / f"spot_{name}_20240808.gz" for name in ("btcusdt", "ethusdt")]
        if all(file.exists() for file in recorded):
            pair = Positions((Holding("main", "BTCUSDT", 2.0), Holding("main", "ETHUSDT", -25.0)))
            settings = RiskSettings(bar=NANOSECONDS)
            table.rows.append(_row("recorded Binance", recorded, pair, settings, Path(folder)))
    return table


def _row(name: str, files: list[Path], book: Positions, settings: RiskSettings, folder: Path) -> tuple[str, ...]:
    began = time.perf_counter()
    total = replay_to_file(Replay(files, [book], settings, "bench"), folder / "out.ndjson")
    spent = time.perf_counter() - began
    count = sum(_lines(file) for file in files)
    return (
        name,
        f"{count:,}",
        f"{total.accepted:,}",
        duration(spent),
        f"{count / spent:,.0f}",
        f"{total.accepted / spent:,.0f}",
    )


def _lines(file: Path) -> int:
    import gzip  # noqa: PLC0415

    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as content:
        return sum(1 for _ in content)


def _generate(path: Path) -> Path:
    draw = np.random.default_rng(2)
    numbers = draw.integers(INSTRUMENTS, size=TICKS).tolist()
    moves = draw.normal(0, 2e-4, TICKS).tolist()
    prices, start = [100.0] * INSTRUMENTS, 1_700_000_000_000_000_000
    with path.open("w") as file:
        for at, (number, move) in enumerate(zip(numbers, moves, strict=True)):
            prices[number] *= 1 + move
            tick = {
                "ts": start + at * 2_000_000,
                "symbol": f"S{number:02d}",
                "price": round(prices[number], 4),
                "seq": at + 1,
            }
            file.write(json.dumps(tick) + "\n")
    return path
