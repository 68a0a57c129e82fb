"""The line a second of ``demo`` and ``up``: what the parts have stored of themselves and of the risk."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec

from riskcore.errors import TailwatchError
from storage.reads import Reads
from storage.rows import PartRow
from tailwatch.logging import one_line

_TIMEOUT_S = 2.0
_CONFIDENCE = 0.99
_METHOD = "monte_carlo"
_RECORDED_MS = 3_600_000


class Measure(msgspec.Struct):
    """One figure of a snapshot."""

    method: str
    confidence: float
    var: float | None = None
    reason: str | None = None


class Quality(msgspec.Struct):
    """The health of a snapshot, as far as it is shown here."""

    observations: int = 0
    lag_ms: float | None = None


class Risk(msgspec.Struct):
    """The part of a snapshot that is shown here."""

    portfolio: str
    base_currency: str
    gross: float
    measures: list[Measure]
    quality: Quality
    event_time: str = ""


class Said(msgspec.Struct):
    """The part of a sign of life that is shown here."""

    reason: str | None = None


_decode = msgspec.json.Decoder(Risk).decode
_hear = msgspec.json.Decoder(Said).decode


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen in the database at one moment; ``at`` in seconds of a steady clock."""

    at: float
    ticks: int
    risk: Risk | None = None
    trouble: str = ""
    """What the parts complain of."""


class Reporter:
    """Says one line a second from a thread of its own, so that a slow database never holds the supervisor.

    Parameters
    ----------
    url : str
        The database.
    say : callable
        Takes each line.
    """

    def __init__(self, url: str, say: Callable[[str], None]) -> None:
        self._url, self._say = url, say
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(0.3)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._report())
        try:
            self._loop.run_until_complete(self._task)
        except (asyncio.CancelledError, BrokenPipeError):
            return
        finally:
            self._loop.close()

    async def _report(self) -> None:
        before = None
        async with Reads(self._url, connections=1, timeout_s=_TIMEOUT_S) as reads:
            while True:
                try:
                    now = await observe(reads)
                    self._say(line(before, now))
                    before = now
                except TailwatchError as error:
                    self._say(f"{_clock()}  no figures: {error}")
                await asyncio.sleep(1.0 - time.time() % 1.0)


async def observe(reads: Reads) -> Observed:
    """Read how many ticks are archived, and the newest figures of the largest portfolio."""
    run = await reads.newest_run()
    if run is None:
        return Observed(time.monotonic(), 0)
    ticks = (await reads.archive_progress(run)).ticks
    portfolios = [_decode(event.payload) for event in await reads.portfolios(run)]
    trouble = "; ".join(f"{part.part}: {said.reason}" for part, said in await _said(reads) if said.reason)
    return Observed(time.monotonic(), ticks, max(portfolios, key=lambda risk: risk.gross, default=None), trouble)


async def _said(reads: Reads) -> list[tuple[PartRow, Said]]:
    return [(part, _hear(part.state)) for part in await reads.parts()]


def line(before: Observed | None, now: Observed) -> str:
    """Spell what happened between two moments in columns that stay where they are."""
    rate = (now.ticks - before.ticks) / (now.at - before.at) if before and now.at > before.at else 0.0
    fresh = before is None or before.risk is None or before.risk != now.risk
    trouble = f"  {one_line(now.trouble)}" if now.trouble else ""
    return f"{_clock()}  {rate:8,.0f} ticks/s  {_figures(now.risk, fresh=fresh)}{trouble}"


def _figures(risk: Risk | None, *, fresh: bool) -> str:
    if risk is None:
        return "no figures yet"
    measure = next((m for m in risk.measures if (m.method, m.confidence) == (_METHOD, _CONFIDENCE)), None)
    measure = measure or next(iter(risk.measures), None)
    if measure is None or measure.var is None:
        return f"{risk.portfolio}: {measure.reason if measure and measure.reason else 'no figures yet'}"
    lag = _lag(risk.quality.lag_ms or 0.0) if fresh else "nothing new"
    name = f"VaR {measure.confidence * 100:g} % of {risk.portfolio}"
    return f"{name} {measure.var:14,.0f} {risk.base_currency}  {lag:13}  bars {risk.quality.observations:6,d}"


def _clock() -> str:
    # A timer may fire a moment early, and would then show the second before.
    return time.strftime("%H:%M:%S", time.localtime(time.time() + 0.05))


def _lag(lag_ms: float) -> str:
    """How old the newest price in the figures was; the age of a recording is no lag."""
    return f"lag {lag_ms:6,.0f} ms" if abs(lag_ms) < _RECORDED_MS else "recorded ticks"
