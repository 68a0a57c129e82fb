"""Where two files of NDJSON begin to differ."""

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from tailwatch.logging import one_line

_LONGEST = 256 * 1024 * 1024
_SHOWN = 200


class Difference(NamedTuple):
    """The first line that differs, the field in it, and both of its values as text."""

    line: int
    place: str
    """``measures[2].var``, behind the portfolio and moment of the line where it has any."""
    one: str
    other: str


def first_difference(one: Path, other: Path) -> Difference | None:
    """Compare line by line; None where all lines are equal. Line ends and compression do not count.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    pairs = zip_longest(_lines(one), _lines(other))
    for number, (left, right) in enumerate(pairs, start=1):
        if left != right:
            return _difference(number, left, right)
    return None


def difference_lines(found: Difference, one: str, other: str) -> list[str]:
    """Three lines for a reader: place, and what each of the two says there."""
    width = max(len(one), len(other))
    return [
        f"line {found.line} {one_line(found.place)}".rstrip() + ":",
        f"  {one:<{width}}  {one_line(found.one)}",
        f"  {other:<{width}}  {one_line(found.other)}",
    ]


def _lines(path: Path) -> Iterator[bytes]:
    from flows.readers.streams import check_file, lines

    check_file(path)
    for _, run in lines(path, longest=_LONGEST):
        yield from run


def _difference(number: int, left: bytes | None, right: bytes | None) -> Difference:
    if left is None or right is None:
        return Difference(number, "", _shown(left), _shown(right))
    try:
        one, other = json.loads(left), json.loads(right)
    except ValueError:
        return Difference(number, "", _shown(left), _shown(right))
    path, first, second = next(_fields("", one, other), ("", left.decode(), right.decode()))
    return Difference(number, f"{_whose(one, other)}{path}", _spelled(first), _spelled(second))


def _whose(one: Any, other: Any) -> str:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return ""
    names = [str(one[name]) for name in ("portfolio", "event_time") if name in one and one[name] == other.get(name)]
    return f"({', '.join(names)}) " if names else ""


def _fields(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in (*one, *(name for name in other if name not in one)):
            yield from _fields(f"{path}.{name}".lstrip("."), one.get(name, _ABSENT), other.get(name, _ABSENT))
    elif isinstance(one, list) and isinstance(other, list):
        for index, (left, right) in enumerate(zip_longest(one, other, fillvalue=_ABSENT)):
            yield from _fields(f"{path}[{index}]", left, right)
    elif one != other or type(one) is not type(other):
        yield path, one, other


class _Absent:
    pass


_ABSENT = _Absent()


def _spelled(value: Any) -> str:
    return "not there" if value is _ABSENT else _shown(value if isinstance(value, str) else json.dumps(value))


def _shown(text: bytes | str | None) -> str:
    if text is None:
        return "has ended"
    readable = text.decode(errors="replace") if isinstance(text, bytes) else text
    return readable if len(readable) <= _SHOWN else readable[:_SHOWN] + "…"
