"""What the dashboard asks of a browser: time to the first figure, the main thread's time, bytes to load."""

import gzip
from pathlib import Path

from tests.benchmarks.report import Table, duration, size
from tests.browser.gauge import cost, first_figure_s, opened
from tests.browser.scripted import DIST, ScriptedApi, symbols_of

SECONDS = 15.0
SETTLE_MS = 5_000
RATE = 10.0


def measure_dashboard() -> Table:
    """Open each view on a scripted stream and watch it."""
    table = Table(
        "Dashboard",
        f"Headless Chromium, 1440 x 900, no GPU; a scripted API sends {RATE:.0f} snapshots a second. *First figure*: "
        f"from the navigation, nothing in the cache. The rest is of {SECONDS:.0f} s after loading. *Busy*: processor "
        "time of the main thread. *Longest task*: – where none took 50 ms; what else the machine does is in it, as in "
        f"the frames. The page's first script is {size(_main_bytes())} packed, with all that the overview loads "
        f"{size(_overview_bytes())}.",
        ("view", "positions", "first figure", "frames/s", "busy", "longest task"),
    )
    for view, count in (("overview", 100), ("overview", 5_000), ("positions", 100), ("positions", 5_000)):
        table.rows.append((view, f"{count:,}", *_row(view, count)))
    return table


def _row(view: str, count: int) -> tuple[str, ...]:
    with ScriptedApi(symbols_of(count), rate=RATE).running() as api, opened(api.address) as page:
        first = first_figure_s(page)
        page.goto(f"{api.address}?view={view}")
        page.wait_for_timeout(SETTLE_MS)
        seen = cost(page, SECONDS)
    longest = f"{seen.longest_ms:.0f} ms" if seen.longest_ms else "–"
    return (duration(first), f"{seen.frames_per_s:.0f}", f"{seen.busy:.0%}", longest)


def _main_bytes() -> int:
    return sum(_packed(path) for path in DIST.glob("assets/index-*.js"))


def _overview_bytes() -> int:
    other = ("Screen", "worker")
    return sum(_packed(path) for path in DIST.glob("assets/*.js") if not any(word in path.name for word in other))


def _packed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))
