"""What a page costs the browser: frames, long tasks, time of the main thread, memory."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import CDPSession, Page, expect, sync_playwright

from tests.browser.chromium import CHROMIUM, QUIET

FIRST_FIGURE = """
const look = () => {
  const figure = document.querySelector("[data-testid=var-parametric]");
  if (figure?.dataset.value === undefined) requestAnimationFrame(look);
  else window.firstFigureMs = performance.now();
};
requestAnimationFrame(look);
"""
WATCH = """
window.gauge = { frames: 0, longest: 0 };
const frame = () => { window.gauge.frames += 1; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) window.gauge.longest = Math.max(window.gauge.longest, duration);
}).observe({ type: "longtask" });
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of some seconds of a page that has loaded."""

    busy: float
    """Processor time of the main thread, as a part of the time: what else the machine does is not in it."""
    frames_per_s: float
    longest_ms: float
    """The longest task; 0 where none took 50 ms."""


@contextmanager
def opened(address: str) -> Iterator[Page]:
    """A page at an address, in a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(FIRST_FIGURE)
        page.goto(address)
        yield page
        browser.close()


def first_figure_s(page: Page) -> float:
    """Seconds from the navigation to the first VaR on the screen."""
    expect(page.get_by_test_id("var-parametric")).to_have_attribute("data-value", re.compile("."), timeout=60_000)
    page.wait_for_timeout(50)
    return float(page.evaluate("window.firstFigureMs")) / 1000


def cost(page: Page, seconds: float) -> Cost:
    """Watch a page that has loaded."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate(WATCH)
    began, before = time.monotonic(), _worked_s(session)
    page.wait_for_timeout(1000 * seconds)
    elapsed, worked = time.monotonic() - began, _worked_s(session) - before
    session.detach()
    seen = page.evaluate("window.gauge")
    return Cost(worked / elapsed, seen["frames"] / elapsed, seen["longest"])


def heap_bytes(page: Page) -> int:
    """What scripts hold after all garbage is gone."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return int(used)


def _worked_s(session: CDPSession) -> float:
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])
