"""What the archive has stored, as the lines that it was copied in as, and whether the outbox is whole."""

from collections.abc import Iterator
from typing import Literal

import psycopg

from storage.connection import connect
from storage.errors import translated

Table = Literal["ticks", "quarantine", "gaps"]
COLUMNS: dict[Table, tuple[str, ...]] = {
    "ticks": (
        "feed", "symbol", "event_ns", "price", "size", "bid", "ask", "side", "identifier", "fact", "received_ns",
        "journal_offset", "ordinal",
    ),
    "quarantine": (
        "journal_offset", "ordinal", "stamp_ns", "origin", "line", "fate", "reason", "feed", "symbol", "payload",
        "payload_size",
    ),
    "gaps": ("feed", "symbol", "first", "last", "journal_offset", "stamp_ns"),
}  # fmt: skip
"""The columns of each table, in the order of the lines of :mod:`storage.copying`."""

_TIMEOUT_S = 3600.0
_TORN = """
select o.id, o.portfolio, 'event without its snapshot' from outbox o left join risk_snapshots s
    on s.run = o.run and s.portfolio = o.portfolio and s.event_time = o.event_time and s.id = o.id
    where o.run = %(run)s and o.kind = 'risk' and s.id is null
union all
select s.id, s.portfolio, 'snapshot without its event' from risk_snapshots s left join outbox o
    on o.run = s.run and o.id = s.id where s.run = %(run)s and o.id is null
union all
select s.id, s.portfolio, 'snapshot that says it is another' from risk_snapshots s where s.run = %(run)s and (
    s.payload->>'portfolio' is distinct from s.portfolio
    or (s.payload->'quality'->>'journal_offset')::bigint is distinct from s.journal_offset)
union all
select o.id, o.portfolio, 'event whose payload was altered' from outbox o left join risk_snapshots s
    on o.kind = 'risk' and s.run = o.run and s.portfolio = o.portfolio and s.event_time = o.event_time and s.id = o.id
    where o.run = %(run)s and o.digest <> sha256(convert_to(coalesce(o.payload, s.payload)::text, 'UTF8'))
union all
select id, portfolio, 'event before it is missing' from (
    select id, portfolio, lag(id, 1, 0) over (order by id) as before from outbox where run = %(run)s
) o where id <> before + 1 and not %(forgets)s
order by 1, 3
"""


def stored_lines(url: str, run: str, table: Table, upto: int, since: int = 0) -> Iterator[list[str]]:
    """Yield a run's rows up to and with the journal's record `upto`, each as the fields of its line, in that order.

    Ticks only from the moment `since` on.
    """
    columns = ", ".join(COLUMNS[table])
    order = "journal_offset, feed, symbol, first" if table == "gaps" else "journal_offset, ordinal"
    rows = "run = %s and journal_offset <= %s" + (" and event_ns >= %s" if table == "ticks" else "")
    query = f"copy (select {columns} from {table} where {rows} order by {order}) to stdout"  # noqa: S608 # names of ours
    try:
        with (
            connect(url, "verify", _TIMEOUT_S) as connection,
            connection.cursor() as cursor,
            cursor.copy(query.encode(), [run, upto, since][: query.count("%s")]) as copy,
        ):
            rest = b""
            for block in copy:
                *lines, rest = (rest + bytes(block)).split(b"\n")
                yield from (line.decode().split("\t") for line in lines)
    except psycopg.Error as error:
        raise translated(error, url) from error


def kept_from(url: str) -> int:
    """Return the moment before which ticks are forgotten, 0 where none are."""
    try:
        with connect(url, "verify", _TIMEOUT_S) as connection:
            row = connection.execute("select nanoseconds(before) from forgotten where relation = 'ticks'").fetchone()
    except psycopg.Error as error:
        raise translated(error, url) from error
    return row[0] if row else 0


def torn_events(url: str, run: str) -> list[tuple[int, str, str]]:
    """Return (id, portfolio, what) of each event of a run that is not whole.

    A hole in the ids is told only where nothing was forgotten: figures between bars are, after an hour.
    """
    try:
        with connect(url, "verify", _TIMEOUT_S) as connection:
            row = connection.execute(
                "select exists (select from risk_snapshots where run = %s and transient)", [run]
            ).fetchone()
            return connection.execute(_TORN, {"run": run, "forgets": row == (True,)}).fetchall()
    except psycopg.Error as error:
        raise translated(error, url) from error
