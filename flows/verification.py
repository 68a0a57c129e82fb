"""Holds the tables of the archive against the journal that they were made from, row by row."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flows.actors.feed import FeedActor
from flows.feeds.adapter import PriceSource
from flows.journal import JournalReader
from flows.messages import Accepted, Event, Gap, Refused
from flows.universe import Universe
from storage.copying import gap_line, refused_line, tick_line
from storage.verify import COLUMNS, Table, kept_from, stored_lines

_BATCH = 10_000
_FLOATS = frozenset(("price", "size", "bid", "ask"))
_NAMES: dict[Table, tuple[str, ...]] = {
    "ticks": ("journal_offset", "ordinal", "feed", "symbol", "identifier"),
    "quarantine": ("journal_offset", "ordinal", "reason"),
    "gaps": ("journal_offset", "feed", "symbol", "first"),
}
_KEYS: dict[Table, int] = {"ticks": 2, "quarantine": 2, "gaps": 4}
"""How many of the names identify a row."""

Fields = list[str]


class Difference(NamedTuple):
    """One row that is not as the journal has it."""

    table: Table
    row: str
    what: str

    def __str__(self) -> str:
        return f"{self.table}: {self.row}: {self.what}"


class Verified(NamedTuple):
    """How many rows the journal asks for in each table, and those that are not as it says."""

    counts: dict[Table, int]
    differences: list[Difference]


def verify_archive(journal: Path, url: str, run: str, upto: int, price: PriceSource) -> Verified:
    """Decode the journal again, up to and with the record ``upto``, and compare with what is stored.

    Reads both once, in order, in bounded memory. Decoder and archive are the same as live: what they agree on is
    what was stored, not that it was right. Ticks that were forgotten are not looked for.

    Raises
    ------
    JournalError
        The journal no longer begins at its first record, or is damaged.
    """
    feed, reader = FeedActor(Universe(), price), JournalReader(journal)
    counts: dict[Table, int] = dict.fromkeys(COLUMNS, 0)
    differences: list[Difference] = []
    since = kept_from(url)
    tables = {table: _Table(table, stored_lines(url, run, table, upto, since)) for table in COLUMNS}
    while reader.offset <= upto and (records := reader.read(min(_BATCH, upto + 1 - reader.offset))):
        batch = feed.on_batch(records)
        for table, made in _made(batch.events, since).items():
            counts[table] += len(made)
            differences += tables[table].compare(made, batch.offset)
    for stored in tables.values():
        differences += stored.compare([], upto)
    reader.close()
    return Verified(counts, differences)


def _made(events: list[Event], since: int) -> dict[Table, list[Fields]]:
    kept = (event for event in events if isinstance(event, Accepted) and event.tick.event_time >= since)
    return {
        "ticks": [_fields(tick_line(event)) for event in kept],
        "quarantine": [_fields(refused_line(event)) for event in events if isinstance(event, Refused)],
        "gaps": [_fields(gap_line(event)) for event in events if isinstance(event, Gap)],
    }


def _fields(line: str) -> Fields:
    return line.rstrip("\n").split("\t")


class _Table:
    """One table's rows, taken up to an offset at a time."""

    def __init__(self, table: Table, stored: Iterator[Fields]) -> None:
        self._table, self._stored = table, stored
        columns = COLUMNS[table]
        self._place = [columns.index(name) for name in _NAMES[table]]
        self._offset = columns.index("journal_offset")
        self._next = next(stored, None)

    def compare(self, made: list[Fields], upto: int) -> list[Difference]:
        wanted = {self._key(fields): fields for fields in made}
        found = {self._key(fields): fields for fields in self._until(upto)}
        differences = []
        for key in sorted(wanted.keys() | found.keys(), key=lambda key: int(key[0])):
            differences += self._judge(wanted.get(key), found.get(key))
        return differences

    def _until(self, upto: int) -> Iterator[Fields]:
        while self._next is not None and int(self._next[self._offset]) <= upto:
            yield self._next
            self._next = next(self._stored, None)

    def _key(self, fields: Fields) -> tuple[str, ...]:
        return tuple(fields[at] for at in self._place[: _KEYS[self._table]])

    def _judge(self, wanted: Fields | None, found: Fields | None) -> list[Difference]:
        name = self._name(wanted or found or [])
        if found is None:
            return [Difference(self._table, name, "is missing")]
        if wanted is None:
            return [Difference(self._table, name, "is not in the journal")]
        return [
            Difference(self._table, name, f"{column} is {has}, the journal says {says}")
            for column, says, has in zip(COLUMNS[self._table], wanted, found, strict=True)
            if says != has and not (column in _FLOATS and _same(says, has))
        ]

    def _name(self, fields: Fields) -> str:
        names = zip(_NAMES[self._table], self._place, strict=True)
        return ", ".join(f"{name} {fields[at]}" for name, at in names if fields[at] != r"\N")


def _same(one: str, other: str) -> bool:
    return r"\N" not in (one, other) and float(one) == float(other)
