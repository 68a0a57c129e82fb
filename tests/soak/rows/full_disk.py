"""B4: the disk under the database is full, first for its tables, then for its log too, which ends the server."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg

from storage.cluster import Cluster
from storage.embedded import EmbeddedPostgres
from tests.faults.product import Product, until
from tests.soak.registry import Figures, NotRunError, Soak, row

TOLD_S, BACK_S = 5.0, 30.0
_FULL_S = 20.0


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        raise NotRunError(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    return ballast


def end_the_log(url: str) -> None:
    """Ask for new segments of the log of writes until there is no room for one: the server ends in a panic."""
    with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
        while True:
            connection.execute("create temp table filling as select 1")
            connection.execute("drop table filling")
            connection.execute("select pg_switch_wal()")


@row("B4", budget_s=420)
def a_full_disk_under_the_database(soak: Soak) -> Figures:
    """A full disk under the database, then a server that ends by it: told in 5 s, and well within 30 s of room."""
    disk, figures = soak.directory / "data" / "database", Figures()
    with ExitStack() as stack:
        stack.enter_context(small_disk(disk, "200m"))
        stack.callback(Cluster(disk / "cluster").kill)
        product = Product(soak.directory, stack, soak.seed)
        until(product.ready)
        for kind, break_it in (("tables", lambda _: None), ("log", end_the_log)):
            url, before = product.own_database(), product.records()
            ballast, began = fill(disk), time.monotonic()
            break_it(url)
            until(lambda: product.status() == 503)
            told_s = time.monotonic() - began
            reasons = " ".join(product.reasons().values())
            assert "No space left on device" in reasons or "is the server well?" in reasons, reasons
            time.sleep(_FULL_S)
            accepted = product.records() - before
            ballast.unlink()
            back_s = until(product.ready)
            assert (told_s <= TOLD_S + 1.0, back_s <= BACK_S) == (True, True), (kind, told_s, back_s)
            assert accepted > 20 * _FULL_S, f"the journal took {accepted} records in {_FULL_S} s"
            figures |= {
                f"{kind} told s": round(told_s, 1),
                f"{kind} back s": round(back_s, 1),
                f"{kind} records meanwhile": accepted,
            }
        product.stop()
        with EmbeddedPostgres(disk) as server:
            assert (wrong := product.wrong(server.url)) == [], wrong
        return figures | {"records": product.records(), "lost": 0, "doubled": 0}
