"""Durations, sizes and lists as people write them: ``250ms``, ``6.5h``, ``4GiB``, ``BTC-USD,ETH-USD``."""

import re
from dataclasses import dataclass
from decimal import Decimal

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-zµ]*)", re.ASCII)
_LONGEST = 100 * 366 * _NANOSECONDS["d"]


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, with the words it was given in: ``1d`` of risk horizon is not ``24h``."""

    nanoseconds: int
    text: str

    @property
    def seconds(self) -> float:
        return self.nanoseconds / 1e9

    @property
    def days(self) -> float | None:
        """The number of days where the duration was given in days, else None."""
        return float(self.text[:-1]) if self.text.endswith("d") else None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Size:
    """A number of bytes, with the words it was given in."""

    count: int
    text: str

    def __str__(self) -> str:
        return self.text


def _split(text: object, units: dict[str, int], example: str) -> tuple[int, str]:
    if not isinstance(text, str):
        raise ValueError(f"{text} has no unit; write it like {example}")  # noqa: TRY004 - what Pydantic takes for a wrong value
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a number and a unit; write it like {example}")
    number, unit = match.groups()
    if not unit:
        raise ValueError(f"{text} has no unit; write it like {example}")
    if unit not in units:
        raise ValueError(f"{text!r} has an unknown unit; use one of {', '.join(units)}")
    exact = Decimal(number) * units[unit]
    if exact != exact.to_integral_value():
        raise ValueError(f"{text!r} is finer than {next(iter(units))}")
    return int(exact), f"{number}{unit}"


def parse_duration(text: object) -> Duration:
    """Read a duration such as ``60s``, ``250ms``, ``6.5h`` or ``1d``.

    Raises
    ------
    ValueError
        When the text is not a number with a unit, is finer than a nanosecond or longer than a century.
    """
    if isinstance(text, Duration):
        return text
    nanoseconds, tidy = _split(text, _NANOSECONDS, "60s, 250ms, 6.5h or 1d")
    if nanoseconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than a century")
    return Duration(nanoseconds, tidy)


def parse_size(text: object) -> Size:
    """Read a number of bytes such as ``4GiB`` or ``500MB``; ValueError otherwise."""
    if isinstance(text, Size):
        return text
    count, tidy = _split(text, _BYTES, "4GiB or 500MB")
    return Size(count, tidy)


def parse_list(text: object) -> tuple[object, ...]:
    """Read ``A,B`` or a list of a settings file; ValueError for an empty entry."""
    if not isinstance(text, str):
        return tuple(text) if isinstance(text, list | tuple) else (text,)
    entries = tuple(entry.strip() for entry in text.split(","))
    if "" in entries:
        raise ValueError(f"{text!r} has an empty entry; separate the entries by single commas")
    return entries
