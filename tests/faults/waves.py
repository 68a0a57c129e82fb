"""A journal that grows while it is worked on: prices in waves, so that figures pass their limits again and again."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from random import Random

from flows.commands import Holding, Limits, Positions, encode_command
from flows.journal import JournalWriter
from flows.messages import Kind
from riskcore.limits import Limit, figure
from riskcore.messages import RiskSnapshot
from riskcore.settings import NANOSECONDS
from tests.faults.bench import START, Written, end_journal

PERIOD_S = 240
"""Of a wave: a limit falls at the earliest a minute behind the transition before."""
BOOK = Positions(
    (
        Holding("ash", "A", 3.0),
        Holding("elm", "B", 5.0),
        Holding("fir", "A", -1.0),
        Holding("fir", "B", 2.0),
        Holding("oak", "A", 2.0),
        Holding("oak", "B", 2.5),
        Holding("yew", "A", 4.0),
        Holding("yew", "B", -1.5),
    )
)
_RULES = (
    ("gross", None, None),
    ("net", None, None),
    ("var", "historical", 0.99),
    ("var", "parametric", 0.95),
    ("es", "monte_carlo", 0.975),
)


class Waves:
    """Writes one tick a second of each of two instruments, as far as it is told to."""

    def __init__(self, directory: Path, seed: int, limits: tuple[Limit, ...] = ()) -> None:
        self._draw, self._second, self._last = Random(seed), 0, 0
        self._writer = JournalWriter(directory / "journal", silence_s=3600.0, clock=lambda: self._now)
        for command in (BOOK, Limits(limits=limits)):
            self._writer.append(Kind.COMMAND, encode_command(command), stamp=START)

    @property
    def _now(self) -> int:
        return START + self._second * NANOSECONDS

    @property
    def last(self) -> int:
        """The record of the newest tick."""
        return self._last

    def roll(self, seconds: int) -> None:
        """Go on for so many seconds of the journal's time."""
        for _ in range(seconds):
            self._second += 1
            for symbol, period_s in (("A", PERIOD_S), ("B", PERIOD_S * 0.7)):
                wave = math.sin(2.0 * math.pi * self._second / period_s)
                price = round(100.0 * (1.0 + 0.1 * wave) * math.exp(self._draw.gauss(0.0, 0.001)), 6)
                tick = {"ts": self._now, "symbol": symbol, "price": price, "seq": 2 * self._second - (symbol == "A")}
                payload = json.dumps(tick).encode()
                self._last = self._writer.append(
                    Kind.FRAME, payload, adapter="tailwatch", origin="test", stamp=self._now
                )
        assert self._writer.flush(60.0)

    def end(self) -> Written:
        """Say how much was written, behind what proves to others that it is on the disk."""
        end_journal(self._writer, self._now)
        self._writer.close()
        return Written(2 * self._second, self._last)


def limits_amid(snapshots: Iterable[RiskSnapshot]) -> tuple[Limit, ...]:
    """Limits spread over what the figures of each portfolio have been, so that all are passed, and not all at once."""
    seen: dict[Limit, list[float]] = {}
    for snapshot in snapshots:
        for rule, method, confidence in _RULES:
            limit = Limit(snapshot.portfolio, rule, method, confidence)
            value, _ = figure(limit, snapshot)
            if value is not None:
                seen.setdefault(limit, []).append(value)
    return tuple(
        _at(limit, min(values), max(values), (1 + number * 7 % len(seen)) / (len(seen) + 1))
        for number, (limit, values) in enumerate(seen.items())
    )


def _at(limit: Limit, lowest: float, highest: float, part: float) -> Limit:
    room = highest - lowest
    warning, breach = (lowest + room * (0.1 + 0.6 * part + more) for more in (0.0, 0.15))
    return Limit(limit.portfolio, limit.rule, limit.method, limit.confidence, None, warning, breach, hysteresis=0.001)
