"""B7: every write to the database takes half a second longer."""

import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import numpy as np
import psycopg

from flows.timestamps import parse_timestamp
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from tests.faults.product import Product, until
from tests.proxy import FaultyProxy
from tests.soak.registry import Figures, Soak, row

SLOWER_S, STRETCH_S, LOOK_S = 0.5, 30.0, 0.1


class Meter:
    """Looks past the proxy at what is stored: how old the newest figures are, and how old the engine says they were."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def lags(self, seconds: float) -> tuple[list[float], list[float]]:
        """For so long: the age of each figure at the first sight of it, and what the engine said of it, seconds."""
        seen, said, newest, end = list[float](), list[float](), "", time.monotonic() + seconds
        while time.monotonic() < end:
            found = self._connection.execute(
                "select s.payload->>'event_time', p.state->>'lag_ms' from risk_snapshots s, parts p"
                " where p.part = 'engine' order by s.id desc limit 1"
            ).fetchone()
            if found is not None and found[0] != newest:
                newest = found[0]
                seen.append(time.time() - parse_timestamp(newest) / 1e9)
                said.append(float(found[1]) / 1e3)
            time.sleep(LOOK_S)
        return seen, said

    def archived(self) -> int:
        """The last record whose ticks are stored."""
        [(offset,)] = self._connection.execute("select max(journal_offset) from archive_progress").fetchall()
        return int(offset)


@row("B7", budget_s=420)
def a_slow_database(soak: Soak) -> Figures:
    """Half a second more for each request: the journal goes on, figures come late, but no later and later.

    A transaction is three requests, and a figure is told when it is stored: so it waits for the transaction before it
    and for its own. What must not change is how fast the journal takes ticks, and that the lag is told as it is.
    """
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedPostgres(soak.directory / "database"))
        migrate(server.url)
        port = urlsplit(server.url).port or 0
        proxy = stack.enter_context(FaultyProxy("127.0.0.1", port))
        product = Product(soak.directory, stack, soak.seed, server.url.replace(str(port), str(proxy.port)))
        until(product.ready)
        meter = Meter(server.url)
        (before, _), taken_before = _watched(product, meter)
        memory = product.resident_mib("engine")
        proxy.requests.delay_s = SLOWER_S
        (seen, said), taken = _watched(product, meter)
        grown = product.resident_mib("engine") - memory
        proxy.requests.heal()
        behind = product.records()
        caught_up_s = until(lambda: meter.archived() >= behind and meter.lags(1.0)[0][-1] < 1.0)
        product.stop()
        assert (wrong := product.wrong(server.url)) == [], wrong
    halves = [float(np.median(half)) for half in np.array_split(seen, 2)]
    assert taken > 0.9 * taken_before, (taken, taken_before)
    assert halves[1] < 1.5 * halves[0] + 1.0, halves
    assert abs(np.median(seen) - np.median(said)) < SLOWER_S, (np.median(seen), np.median(said))
    assert grown < 64
    return {
        "records a second, as a part of before": round(taken / taken_before, 3),
        "age before s": round(float(np.median(before)), 2),
        "age s": round(float(np.median(seen)), 2),
        "told s": round(float(np.median(said)), 2),
        "grown MiB": grown,
        "caught up s": round(caught_up_s, 1),
    }


def _watched(product: Product, meter: Meter) -> tuple[tuple[list[float], list[float]], float]:
    """The ages in a stretch of time, and how many records a second the journal has taken in it."""
    taken, began = product.records(), time.monotonic()
    lags = meter.lags(STRETCH_S)
    return lags, (product.records() - taken) / (time.monotonic() - began)
