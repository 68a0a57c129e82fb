"""A dashboard that stays open: what it holds in memory, and whether it is still live at the end."""

from tests.browser.gauge import cost, first_figure_s, heap_bytes, opened
from tests.browser.scripted import ScriptedApi, symbols_of
from tests.soak.registry import Figures, Soak, row

SETTLE_MS = 60_000
MINUTES = 10
RATE = 80.0
"""Twenty times the engine's four a second."""
GROWTH = 8_000_000
"""Bytes; the series, at most 300 points, fill in the first minutes."""


@row("issue: memory steady over 10 minutes at 20 times the rate", budget_s=900)
def an_open_dashboard_keeps_its_memory(soak: Soak) -> Figures:
    """Ten minutes at twenty times the rate leave the page's memory as it was after the first, and the page live."""
    with ScriptedApi(symbols_of(100 + soak.seed % 100), rate=RATE).running() as api, opened(api.address) as page:
        first_figure_s(page)
        page.wait_for_timeout(SETTLE_MS)
        before = heap_bytes(page)
        seen = cost(page, 60.0 * MINUTES)
        after = heap_bytes(page)
        state = page.get_by_test_id("connection").inner_text()
    assert state == "Live"
    assert after - before < GROWTH, f"{before:,} bytes became {after:,}"
    return {
        "before_bytes": before,
        "after_bytes": after,
        "busy": seen.busy,
        "frames_per_s": seen.frames_per_s,
        "longest_task_ms": seen.longest_ms,
    }
