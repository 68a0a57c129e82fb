"""The script of a simulated exchange's faults: what goes wrong, at which tick or how often.

One fault a line, or several with ``;`` between them; ``#`` begins a comment::

    skip@100x3                 # ticks 100 to 102 are never sent
    repeat~0.01                # one tick in a hundred comes twice, drawn from the seed
    close@500 code=1012        # behind tick 500 every connection is closed
    silent@800 for=3s          # nothing is sent for 3 s, pings are answered
    refuse x2 status=503 retry=1
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from riskcore.errors import InputError

OPTIONS: dict[str, tuple[str, ...]] = {
    "skip": (),
    "repeat": (),
    "conflict": (),
    "reorder": (),
    "restart": ("hello",),
    "burst": (),
    "skew": ("by", "to"),
    "price": ("is", "times"),
    "size": ("is",),
    "symbol": ("is",),
    "garbage": ("kind",),
    "error": ("message",),
    "close": ("code",),
    "reset": (),
    "silent": ("for",),
    "stall": ("for",),
    "slow": (),
    "pings": (),
    "refuse": ("status", "retry", "location"),
    "drop": (),
}
"""The options of each fault."""
OF_TICKS = frozenset(("conflict", "restart", "burst", "skew", "price", "size", "symbol"))
"""Faults that change what a tick says: a recording is played verbatim and cannot have them."""
OF_CONNECTIONS = frozenset(("close", "reset", "silent", "stall", "slow", "pings", "refuse", "drop"))

_LINE = re.compile(r"([a-z]+)(?:@(\d{1,12})|~(0?\.\d{1,9}|1))?\s*(?:x(\d{1,6}))?((?:\s+[a-z]+=\S+)*)", re.ASCII)
_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBERS = ("code", "status", "retry", "times")


class Fault(NamedTuple):
    """One line of a script."""

    verb: str
    at: int | None = None
    """The tick, or frame of a recording, at which it happens, counted from 1."""
    rate: float = 0.0
    """The part of all ticks at which it happens; without either, before the first."""
    times: int = 1
    options: Mapping[str, str] = {}

    def is_due(self, tick: int, seed: int, place: int) -> bool:
        """Whether it happens at this tick: a function of the seed and its ``place`` in the script."""
        if self.at is not None:
            return tick == self.at
        return crc32(f"{seed}:{place}:{tick}".encode()) < self.rate * 2**32

    def seconds(self, name: str, default: float) -> float:
        """An option that is a duration."""
        text = self.options.get(name)
        return default if text is None else seconds(text)

    def number(self, name: str, default: float) -> float:
        """An option that is a number."""
        return float(self.options.get(name, default))


def seconds(text: str) -> float:
    """Read ``3s``, ``250ms``, ``-1h``.

    Raises
    ------
    InputError
        It is something else.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is not a duration: write it like 3s, 250ms or -1h")
    return float(match[1]) * _SECONDS[match[2]]


def read_faults(source: str) -> tuple[Fault, ...]:
    """Read a script, or the file of that name.

    Raises
    ------
    InputError
        A line that is no fault; the message names it and what there is.
    """
    path = Path(source)
    try:
        text = path.read_text() if "\n" not in source and path.is_file() else source
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    lines = (part.strip() for line in text.splitlines() for part in line.partition("#")[0].split(";"))
    return tuple(_fault(line) for line in lines if line)


def check_playable(faults: Sequence[Fault]) -> None:
    """Refuse faults that a recording, which is played verbatim, cannot have."""
    for fault in faults:
        if fault.verb in OF_TICKS:
            raise InputError(f"fault {fault.verb}: it changes ticks, and a recording is played as it is")


def _fault(line: str) -> Fault:
    match = _LINE.fullmatch(line)
    if match is None:
        raise InputError(f"fault {line!r} cannot be read: write it like skip@100x3, repeat~0.01 or close@500 code=1012")
    verb, at, rate, count, rest = match.groups()
    if verb not in OPTIONS:
        raise InputError(f"fault {verb!r} is not known: use one of {', '.join(OPTIONS)}")
    options = dict(pair.split("=", 1) for pair in rest.split())
    for name, value in options.items():
        _check_option(line, verb, name, value)
    if at is None and rate is None and verb not in ("refuse", "drop"):
        raise InputError(f"fault {line!r} does not say when: add @TICK or ~RATE")
    return Fault(verb, None if at is None else int(at), float(rate or 0.0), int(count or 1), options)


def _check_option(line: str, verb: str, name: str, value: str) -> None:
    if name not in OPTIONS[verb]:
        known = ", ".join(OPTIONS[verb]) or "none"
        raise InputError(f"fault {line!r}: {verb} has no option {name} ({known})")
    if name in ("for", "by"):
        seconds(value)
    if name in _NUMBERS:
        try:
            float(value)
        except ValueError:
            raise InputError(f"fault {line!r}: {name} is a number, not {value!r}") from None
