"""Stored snapshots in bulk, for exports."""

from collections.abc import Iterator

import psycopg

from storage.connection import connect
from storage.errors import translated

_TIMEOUT_S = 3600.0
_AT_ONCE = 500


def stored_snapshots(url: str, portfolio: str | None, start: int | None, end: int | None) -> Iterator[bytes]:
    """Yield the snapshots of the newest run with event times in [`start`, `end`), as they were sent.

    In the order of event time, portfolio and id; None: all portfolios, from the first, to the last. In bounded memory.
    """
    query = (
        "select payload::text from risk_snapshots"
        " where run = (select run from runs order by registered desc limit 1)"
        " and (%(portfolio)s::text is null or portfolio = %(portfolio)s)"
        " and (%(start)s::bigint is null or event_ns >= %(start)s) and (%(end)s::bigint is null or event_ns < %(end)s)"
        " order by event_time, portfolio, id"
    )
    try:
        with (
            connect(url, "export", _TIMEOUT_S) as connection,
            connection.transaction(),
            connection.cursor("export") as cursor,
        ):
            cursor.itersize = _AT_ONCE
            cursor.execute(query.encode(), {"portfolio": portfolio, "start": start, "end": end})
            for (payload,) in cursor:
                yield payload.encode()
    except psycopg.Error as error:
        raise translated(error, url) from error
