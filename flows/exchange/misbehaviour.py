"""What a script of faults makes of the ticks of one subscription, or of the frames of a recording."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from flows.exchange.faults import OF_CONNECTIONS, Fault
from flows.feeds.adapter import MAX_FRAME
from flows.timestamps import parse_timestamp

_REMEMBERED = 4096
GARBAGE: dict[str, bytes] = {
    "json": b'{"ts":17',
    "object": b'"what"',
    "utf8": b'{"symbol":"\xff"}',
    "nan": b'{"ts":1700000000,"symbol":"A","price":NaN}',
    "deep": b"[" * 100_000,
    "unknown": b'{"type":"dance"}',
}
"""Frames that nobody can read, by the ``kind`` of ``garbage``; ``large`` is one over the limit, ``binary`` not text."""

Tick = Mapping[str, Any]


class Binary(NamedTuple):
    """A frame to be sent as binary."""

    payload: bytes


class Injected(NamedTuple):
    """What was done: the fault, and the numbers of the ticks (0 for a frame) that it was done to."""

    verb: str
    numbers: tuple[int, ...]


Outgoing = bytes | Binary | Fault
"""A frame to send, or something to do to the connections."""


class Misbehaviour:
    """Follows a script; what it did is in ``injected``, so that a test can hold the other side to it.

    Parameters
    ----------
    faults, seed
        The same of both do the same to the same ticks.
    """

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self.injected: list[Injected] = []
        self._faults = [(place, fault) for place, fault in enumerate(faults)]
        self._seed = seed
        self._count = 0
        self._base = 0
        self._skipping = self._reordering = 0
        self._greeting: bytes | None = None
        self._held: list[Any] = []
        self._edits: deque[Callable[[dict[str, Any]], None]] = deque()
        self._recent: deque[Any] = deque(maxlen=_REMEMBERED)

    def frames(self, units: Sequence[Tick] | Sequence[bytes]) -> list[Outgoing]:
        """Turn ticks (put together into arrays) or frames of a recording into what is to be sent and done, in order."""
        return list(_together(item for unit in units for item in self._one(unit)))

    def _one(self, unit: Any) -> Iterator[Any]:
        self._count += 1
        if not isinstance(unit, bytes):
            unit = {**unit, "seq": unit["seq"] - self._base}
        after: list[Any] = []
        for place, fault in self._faults:
            if fault.is_due(self._count, self._seed, place):
                unit, more = self._do(fault, unit)
                after += more
        unit = self._edited(unit)
        if self._greeting is not None:
            yield self._greeting
            self._greeting = None
        if self._skipping:
            self._skipping -= 1
            self._note("skip", unit)
        elif self._reordering:
            yield from self._hold(unit)
        else:
            self._recent.append(unit)
            yield unit
        yield from after

    def _do(self, fault: Fault, unit: Any) -> tuple[Any, list[Any]]:
        verb = fault.verb
        if verb in OF_CONNECTIONS:
            self._note(verb)
            return unit, [fault]
        if verb == "skip":
            self._skipping += fault.times
        elif verb == "reorder":
            self._reordering = fault.times
        elif verb == "repeat":
            again = [*self._recent, unit][-fault.times :]
            self._note(verb, *again)
            return unit, again
        elif verb in ("garbage", "error"):
            self._note(verb)
            return unit, [_bad_frame(fault)] * fault.times
        else:
            return self._do_to_tick(fault, unit)
        return unit, []

    def _do_to_tick(self, fault: Fault, unit: dict[str, Any]) -> tuple[Any, list[Any]]:
        if fault.verb == "restart":
            self._base += unit["seq"] - 1
            self._note("restart", unit)
            self._greeting = None if fault.options.get("hello") == "no" else _hello(self._count)
            return unit | {"seq": 1}, []
        if fault.verb == "conflict":
            self._note("conflict", unit)
            return unit, [unit | {"price": round(unit["price"] * 1.01 + 0.01, 4)}]
        if fault.verb == "burst":
            self._base -= fault.times
            return unit, [unit | {"seq": unit["seq"] + number} for number in range(1, fault.times + 1)]
        self._edits.extend([_edit(fault)] * fault.times)
        return unit, []

    def _edited(self, unit: Any) -> Any:
        if not self._edits or isinstance(unit, bytes):
            return unit
        self._edits.popleft()(unit)
        self._note("edit", unit)
        return unit

    def _hold(self, unit: Any) -> Iterator[Any]:
        self._held.append(unit)
        if len(self._held) >= self._reordering:
            self._note("reorder", *self._held)
            self._recent.extend(self._held)
            yield from reversed(self._held)
            self._held, self._reordering = [], 0

    def _note(self, verb: str, *units: Any) -> None:
        self.injected.append(Injected(verb, tuple(0 if isinstance(unit, bytes) else unit["seq"] for unit in units)))


def _hello(number: int) -> bytes:
    return msgspec.json.encode({"type": "hello", "session": f"restarted at {number}"})


def _edit(fault: Fault) -> Callable[[dict[str, Any]], None]:
    options = fault.options

    def change(tick: dict[str, Any]) -> None:
        if fault.verb == "skew":
            tick["ts"] = parse_timestamp(options["to"]) if "to" in options else _shifted(tick["ts"], fault)
        elif "times" in options:
            tick["price"] *= fault.number("times", 10.0)
        elif fault.verb == "symbol":
            tick["symbol"] = options.get("is", "?")
        else:
            tick[fault.verb] = msgspec.Raw(options.get("is", "-1").encode())

    return change


def _shifted(stamp: int, fault: Fault) -> int:
    return stamp + int(fault.seconds("by", 3600.0) * 1e9)


def _bad_frame(fault: Fault) -> bytes | Binary:
    if fault.verb == "error":
        return msgspec.json.encode({"type": "error", "message": fault.options.get("message", "no")})
    kind = fault.options.get("kind", "json")
    if kind == "large":
        return b" " * (MAX_FRAME + 1)
    return Binary(b"\x00" * 16) if kind == "binary" else GARBAGE.get(kind, kind.encode())


def _together(items: Iterator[Any]) -> Iterator[Outgoing]:
    ticks: list[Tick] = []
    for item in items:
        is_tick = isinstance(item, dict)
        # What is no JSON any more has a frame of its own: nobody could read its neighbours.
        is_raw = is_tick and any(isinstance(value, msgspec.Raw) for value in item.values())
        if is_tick and not is_raw:
            ticks.append(item)
            continue
        if ticks:
            yield msgspec.json.encode(ticks)
            ticks = []
        yield msgspec.json.encode(item) if is_raw else item
    if ticks:
        yield msgspec.json.encode(ticks)
