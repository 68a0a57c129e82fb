"""O11 in small: faults every few seconds, and nothing that was opened for one stays."""

import os
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import httpx
import numpy as np
import psycopg

from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from tests.faults.product import Product, until
from tests.soak.registry import Figures, Soak, row

WARM_UP_S, MINUTES = 120.0, 8
PARTS = ("engine", "archive", "api")
FAULTS = "reset~0.001; repeat~0.001; skip~0.0005; garbage~0.001 kind=json"
GROWN_MIB, MORE = 12.0, 3
_CLIENTS = 10


class Held(NamedTuple):
    """What a part holds at a moment."""

    mib: float
    descriptors: int
    threads: int


@row("O11", budget_s=900)
def nothing_leaks(soak: Soak) -> Figures:
    """Eight minutes of resets, lost sessions, clients that leave, frozen parts: memory, files and threads stay flat."""
    rng, faults = Random(soak.seed), 0
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedPostgres(soak.directory / "database"))
        migrate(server.url)
        product = Product(soak.directory, stack, soak.seed, server.url, faults=FAULTS)
        until(product.ready)
        held: dict[str, list[Held]] = {part: [] for part in PARTS}
        began = time.monotonic()
        while (passed_s := time.monotonic() - began) < 60.0 * MINUTES:
            rng.choice((_lose_sessions, _leave_streams, _freeze))(product, server.url, rng)
            faults += 1
            time.sleep(rng.uniform(1.0, 4.0))
            if passed_s > WARM_UP_S:
                for part in PARTS:
                    held[part].append(_held(product, part))
        pids = {part: product.pid(part) for part in PARTS}
        until(product.ready)
        product.stop()
        assert (wrong := product.wrong(server.url)) == [], wrong
    assert "starts again" not in product.said(), product.said()
    figures: Figures = {"faults": faults, "parts": len(pids)}
    for part, moments in held.items():
        figures |= _judged(part, moments)
    return figures


def _judged(part: str, moments: list[Held]) -> Figures:
    """Early against late: quarters, for what is open at a moment is chance."""
    quarter = len(moments) // 4
    early, late = (np.median(np.array(some), axis=0) for some in (moments[:quarter], moments[-quarter:]))
    grown, descriptors, threads = (float(more) for more in late - early)
    assert grown <= GROWN_MIB, (part, grown)
    assert max(descriptors, threads) <= MORE, (part, descriptors, threads)
    return {f"{part} MiB": round(grown, 1), f"{part} files": descriptors, f"{part} threads": threads}


def _held(product: Product, part: str) -> Held:
    process = Path(f"/proc/{product.pid(part)}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    files = len(list((process / "fd").iterdir()))
    return Held(int(status["VmRSS"].split()[0]) / 1024, files, int(status["Threads"]))


def _lose_sessions(_product: Product, url: str, _rng: Random) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tailwatch %'"
        )


def _leave_streams(product: Product, _url: str, rng: Random) -> None:
    for _ in range(_CLIENTS):
        with suppress(httpx.TransportError), httpx.stream("GET", product.address("/api/v1/stream"), timeout=5.0) as got:
            for _ in zip(range(rng.randrange(1, 20)), got.iter_raw(), strict=False):
                pass


def _freeze(product: Product, _url: str, rng: Random) -> None:
    process = product.pid(rng.choice(PARTS))
    assert process is not None
    os.kill(process, signal.SIGSTOP)
    time.sleep(rng.uniform(0.5, 3.0))
    os.kill(process, signal.SIGCONT)
