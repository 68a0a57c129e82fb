"""The whole product in a browser: the demo starts, and its figures move on the screen."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

from tests.browser.chromium import CHROMIUM, PATIENCE_MS, QUIET, ROOT, VIEWS, needs_browser

FIRST_FIGURE_MS = 90_000

pytestmark = needs_browser


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo's dashboard."""
    data = tmp_path_factory.mktemp("demo")
    demo = subprocess.Popen(
        [sys.executable, "-m", "tailwatch", "demo", "--port", "0", "--rate", "100", "--data-dir", str(data)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert demo.stdout is not None
    try:
        address = re.search(r"http://\S+", demo.stdout.readline())
        assert address, "the demo gave no address"
        yield address[0]
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
    assert demo.returncode == 0


def is_trouble(said: ConsoleMessage) -> bool:
    """An error, but for a 503: the API's word for "not yet", which a busy machine hears more often."""
    return said.type == "error" and "status of 503" not in said.text


@pytest.fixture(scope="module")
def page(dashboard: str) -> Iterator[Page]:
    """The dashboard as it is on a desk; nothing may go wrong in its console."""
    troubles: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.on("console", lambda said: troubles.append(said.text) if is_trouble(said) else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(dashboard)
        yield page
        browser.close()
    assert troubles == []


def test_a_var_figure_is_seen_and_then_seen_to_change(page: Page) -> None:
    figure = page.get_by_test_id("var-parametric")
    expect(figure).to_have_attribute("data-value", re.compile(r"^\d+(\.\d+)?$"), timeout=FIRST_FIGURE_MS)
    first = figure.get_attribute("data-value")
    assert first is not None
    expect(figure).not_to_have_attribute("data-value", first, timeout=PATIENCE_MS)


def test_the_page_says_that_it_is_live(page: Page) -> None:
    expect(page.get_by_test_id("connection")).to_have_text("Live", timeout=PATIENCE_MS)


@pytest.mark.parametrize("name", ["VaR over time", "Loss distribution", "VaR by position"])
def test_each_chart_is_drawn(page: Page, name: str) -> None:
    chart = page.get_by_role("region", name=name).locator("svg.recharts-surface").first
    expect(chart).to_be_visible(timeout=PATIENCE_MS)


def test_what_moved_var_is_told_beside_its_parts(page: Page) -> None:
    page.get_by_text("Why", exact=True).click()
    told = page.get_by_role("list", name="Why it moved").get_by_role("listitem")
    expect(told.last).to_contain_text("Change", timeout=PATIENCE_MS)
    page.get_by_role("radiogroup", name="Waterfall of").get_by_text("Positions", exact=True).click()
    expect(page.get_by_role("region", name="VaR by position")).to_be_visible()


def test_a_part_of_the_series_that_is_dragged_over_stands_in_the_address(page: Page) -> None:
    chart = page.get_by_role("region", name="VaR over time").locator("svg.recharts-surface").first
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 60, steps=4)
    page.mouse.up()
    back = page.get_by_role("button", name="Show all of the range again")
    expect(back).to_be_visible()
    assert "from=" in page.url
    assert "to=" in page.url
    back.click()
    expect(back).to_be_hidden()
    assert "from=" not in page.url


@pytest.fixture
def paper(page: Page) -> Iterator[Page]:
    page.emulate_media(media="print", color_scheme="dark")
    yield page
    page.emulate_media(media="screen", color_scheme="no-preference")


def test_on_paper_stand_light_figures_with_their_moment_and_nothing_to_press(paper: Page) -> None:
    expect(paper.get_by_role("navigation")).to_be_hidden()
    expect(paper.get_by_text(re.compile(r"as of .* UTC\)"))).to_be_visible()
    assert "#fff" in paper.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--panel')")


def test_positions_are_listed_with_their_figures(page: Page) -> None:
    rows = page.get_by_role("region", name="Positions", exact=True).get_by_role("row")
    expect(rows.nth(1)).to_contain_text(re.compile(r"[A-Z]"), timeout=PATIENCE_MS)


def test_no_number_on_the_page_is_a_machines_slip(page: Page) -> None:
    text = page.inner_text("body")
    assert re.search(r"\b(NaN|Infinity|undefined|null)\b|-0\b", text) is None


def test_confidence_can_be_changed(page: Page) -> None:
    page.get_by_text("95%", exact=True).click()
    expect(page.get_by_role("group", name="Parametric VaR 95%")).to_be_visible()


def test_each_feed_tells_its_rate_and_lag(page: Page, dashboard: str) -> None:
    tab = page.context.new_page()
    tab.goto(f"{dashboard}?view=health")
    row = tab.get_by_role("region", name="Feeds").get_by_role("row", name=re.compile("tailwatch"))
    told = re.compile(r"connected\s+\S+ s ago\s+[1-9]\d*\.\d\s+[\d,]+\s+-?[\d,]+ ms\s+0\s+0\s*$")
    expect(row).to_have_text(told, use_inner_text=True, timeout=PATIENCE_MS)
    tab.close()


def test_seven_tabs_share_one_stream(page: Page, dashboard: str) -> None:
    tabs = [page.context.new_page() for _ in range(6)]
    for tab in tabs:
        tab.goto(dashboard)
        expect(tab.get_by_test_id("connection")).to_have_text("Live", timeout=PATIENCE_MS)
    assert page.request.get(f"{dashboard}api/v1/health").json()["clients"] == 1
    for tab in tabs:
        tab.close()
    figure = page.get_by_test_id("var-parametric")
    expect(figure).not_to_have_attribute("data-value", str(figure.get_attribute("data-value")), timeout=PATIENCE_MS)


def test_each_view_has_an_address_of_its_own_and_back_goes_back(page: Page) -> None:
    page.get_by_role("link", name="Positions").click()
    assert "view=positions" in page.url
    rows = page.get_by_role("region", name="Positions", exact=True).get_by_role("rowheader")
    symbol = rows.first.inner_text(timeout=PATIENCE_MS).split()[0]
    page.get_by_role("searchbox", name="Find a symbol").fill(symbol)
    expect(rows.first).to_contain_text(symbol)
    page.go_back()
    expect(page.get_by_role("region", name="VaR over time")).to_be_visible()


def test_health_names_the_parts_and_says_that_the_ledger_adds_up(page: Page) -> None:
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("region", name="Parts").get_by_role("row", name="engine")).to_contain_text("ok")
    expect(page.get_by_role("region", name="Feeds")).to_contain_text("connected")
    expect(page.get_by_role("region", name="Ledger")).to_contain_text("adds up", timeout=PATIENCE_MS)


def test_a_trade_is_weighed_beside_the_positions_and_then_booked(page: Page, dashboard: str) -> None:
    listed = page.request.get(f"{dashboard}api/v1/portfolios").json()
    book = next(one["portfolio"] for one in listed if one["kind"] == "portfolio")
    page.goto(f"{dashboard}?view=positions&portfolio={book}")
    row = page.get_by_role("region", name="Positions", exact=True).get_by_role("row").nth(1)
    symbol = row.get_by_role("rowheader").inner_text(timeout=PATIENCE_MS).split()[0]
    page.get_by_role("searchbox", name="Find a symbol").fill(symbol)
    quantity = row.get_by_role("cell").first
    before = quantity.inner_text()
    page.get_by_role("button", name="What if").click()
    sheet = page.get_by_role("region", name="What if")
    sheet.get_by_label("Symbol 1").fill(symbol)
    sheet.get_by_label("Quantity 1").fill("-1")
    expect(sheet.get_by_role("row", name="Monte Carlo").first).to_contain_text("$", timeout=PATIENCE_MS)
    sheet.get_by_role("button", name="Book this trade").click()
    sheet.get_by_role("button", name="Yes, book").click()
    expect(sheet.get_by_label("Symbol 1")).to_have_value("", timeout=PATIENCE_MS)
    expect(quantity).not_to_have_text(before, timeout=PATIENCE_MS)


def test_a_scenario_of_ones_own_is_seen_at_once_among_the_others(page: Page) -> None:
    page.get_by_role("link", name="Stress").click()
    scenarios = page.get_by_role("region", name="Scenarios")
    expect(scenarios.get_by_role("row").nth(2)).to_contain_text("$", timeout=PATIENCE_MS)
    page.get_by_label("Shock of everything").fill("-7")
    expect(scenarios.get_by_role("row", name="yours")).to_contain_text("$", timeout=PATIENCE_MS)
    expect(page.get_by_role("region", name="By position")).to_contain_text("yours")


def test_correlations_are_drawn_and_their_volatilities_listed(page: Page) -> None:
    page.get_by_role("link", name="Correlation").click()
    expect(page.get_by_role("img", name=re.compile("Correlations of"))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("region", name="Volatilities").get_by_role("row").nth(1)).to_contain_text("%")


AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_has_a_serious_fault_for_those_who_do_not_see_or_point(page: Page, view: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{page.url.split('?')[0]}?view={view}")
    expect(page.get_by_test_id("connection")).to_have_text(re.compile("Live|Stale"), timeout=PATIENCE_MS)
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"\d"), timeout=PATIENCE_MS)
    page.evaluate(AXE.read_text())  # not as a script of the page, which its content policy would not run
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert found["passes"], "axe looked at nothing"
    grave = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    told = [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in grave]
    assert told == []


def test_a_limit_that_is_set_below_the_figure_is_breached_told_and_seen(page: Page) -> None:
    page.goto(f"{page.url.split('?')[0]}?view=alerts")
    limits = page.get_by_role("region", name="Limits")
    limits.get_by_label("Rule").select_option("gross")
    limits.get_by_label("Breach").fill("1")
    limits.get_by_role("button", name="Set").click()
    expect(limits.get_by_role("row", name="gross")).to_contain_text("breach", timeout=PATIENCE_MS)
    told = page.get_by_role("region", name="Alerts").get_by_role("row").first
    expect(told).to_contain_text("gross", timeout=PATIENCE_MS)
    told.get_by_role("button", name="Seen").click()
    expect(page.get_by_role("region", name="Alerts").get_by_role("row").first).to_contain_text("acknowledged")
    expect(page.get_by_text("1 limit breach")).to_be_hidden()
    limits.get_by_role("button", name="Remove gross").click()
    expect(limits.get_by_role("row", name="gross")).to_be_hidden(timeout=PATIENCE_MS)
