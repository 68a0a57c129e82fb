"""The dashboard against a script of the API: faults on the way, hostile answers, a book of five thousand positions."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import CHROMIUM, PATIENCE_MS, QUIET, VIEWS, needs_browser
from tests.browser.scripted import ScriptedApi, now, symbols_of

pytestmark = needs_browser

SLIP = re.compile(r"\b(NaN|Infinity|undefined|null)\b|(?<![\d.])[-−]0(?![\d.,])|\[object")
HOSTILE = (
    "<img src=x onerror=window.executed=1>",
    "<script>window.executed=1</script>",
    "javascript:window.executed=1",
    '"><svg onload=window.executed=1>',
    "=HYPERLINK(1)",
    "\u202eGPJ.EXE",
    "x" * 300,
)
Show = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Show]:
    """Opens the page of a scripted API."""
    contexts = []

    def open_page(api: ScriptedApi, search: str = "") -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{api.address}{search}")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with ScriptedApi(symbols_of(40)).running() as running:
        yield running


def connection_is(page: Page, state: str) -> None:
    expect(page.get_by_test_id("connection")).to_have_text(state, timeout=PATIENCE_MS)


def test_the_page_is_live_again_by_itself_after_502s_during_a_restart(api: ScriptedApi, show: Show) -> None:
    page = show(api)
    connection_is(page, "Live")
    api.down = True
    api.drop()
    connection_is(page, "Reconnecting")
    expect(page.get_by_role("alert")).to_contain_text("No connection to the server")
    expect(page.get_by_test_id("var-parametric")).to_contain_text("$")
    api.down = False
    connection_is(page, "Live")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_session_that_has_ended_asks_for_a_token_and_goes_on_where_it_was(api: ScriptedApi, show: Show) -> None:
    page = show(api, "?view=positions&group=currency")
    expect(page.get_by_role("button", name=re.compile("USD 40"))).to_be_visible(timeout=PATIENCE_MS)
    api.signed_out = True
    api.drop()
    token = page.get_by_label("Access token")
    expect(token).to_be_visible(timeout=PATIENCE_MS)
    token.fill("tw_good")
    api.signed_out = False
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=re.compile("USD 40"))).to_be_visible(timeout=PATIENCE_MS)
    connection_is(page, "Live")


def test_an_engine_that_stands_still_is_named_and_its_figures_are_not_called_live(api: ScriptedApi, show: Show) -> None:
    page = show(api)
    connection_is(page, "Live")
    api.frozen = True
    connection_is(page, "Stale")
    expect(page.get_by_role("alert")).to_contain_text("engine down: no heartbeat")
    api.frozen = False
    connection_is(page, "Live")


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_wider_than_a_phone(api: ScriptedApi, show: Show, view: str) -> None:
    page = show(api, f"?view={view}")
    page.set_viewport_size({"width": 390, "height": 844})
    connection_is(page, "Live")
    page.wait_for_timeout(400)  # questions are asked a quarter of a second after the page settles
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_recording_is_paused_and_sped_up_from_the_page(api: ScriptedApi, show: Show) -> None:
    path = "/api/v1/replay"
    read = {"schema": 1, "state": "running", "fraction": 0.25, "ticks": 1_234, "speed": "10x", "paused": False}
    api.run, api.answers[path] = "replay-1", read | {"event_time": "2024-08-08T10:00:00Z"}
    page = show(api, "?view=health")
    panel = page.get_by_role("region", name="Replay")
    expect(panel).to_contain_text("25.0%", timeout=PATIENCE_MS)
    expect(panel).to_contain_text("1,234 ticks")
    expect(panel.get_by_role("radio", name="10x")).to_be_checked()
    panel.get_by_role("button", name="Pause").click()
    api.answers[path] |= {"state": "paused", "paused": True}
    expect(panel.get_by_role("button", name="Go on")).to_be_visible(timeout=PATIENCE_MS)
    panel.get_by_text("max", exact=True).click()
    api.answers[path] |= {"speed": "max", "fraction": 0.5}
    expect(panel).to_contain_text("50.0%", timeout=PATIENCE_MS)
    assert api.posted == [(path, {"paused": True}), (path, {"speed": "max"})]


def test_symbols_that_are_markup_are_text_on_every_view(show: Show) -> None:
    with ScriptedApi(HOSTILE).running() as api:
        page = show(api)
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        for view in VIEWS:
            page.goto(f"{api.address}?view={view}&portfolio=%3Cimg%20src=x%20onerror=window.executed=1%3E")
            page.goto(f"{api.address}?view={view}")
            expect(page.get_by_role("main")).to_be_visible()
        page.goto(f"{api.address}?view=positions")
        expect(page.get_by_text(HOSTILE[0], exact=True)).to_be_visible(timeout=PATIENCE_MS)
        assert page.evaluate("window.executed") is None
        assert page.locator("main img").count() == 0
        assert refused == []


def test_no_view_shows_a_machines_slip_whatever_numbers_come(show: Show) -> None:
    with ScriptedApi(symbols_of(12)).running() as api:
        api.text = slips()
        api.answers |= hostile_answers()
        page = show(api)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        for view in VIEWS:
            page.goto(f"{api.address}?view={view}&waterfall=why&range=all")
            connection_is(page, "Live")
            expect(page.get_by_role("main")).to_contain_text(re.compile(r"\w{3}"), timeout=PATIENCE_MS)
            page.wait_for_timeout(400)  # questions are asked a quarter of a second after the page settles
            found = SLIP.search(page.inner_text("body"))
            assert found is None, (view, found and page.inner_text("body")[found.start() - 60 : found.end() + 20])
        assert troubles == []


def slips() -> Callable[[str], str]:
    """Each snapshot is wrong in another way: numbers too large for a double, minus nothing, null, words."""
    turn = iter(range(10**9))
    kinds = ("1e999", "-0.0", "null", '"NaN"', "-1e999", "{}")

    def rewrite(text: str) -> str:
        bad = kinds[next(turn) % len(kinds)]
        fields = "pnl_today|var|es|var_stderr|price|market_value|component_var|volatility|gross|lag_ms|realised_pnl"
        return re.sub(rf'"({fields})": -?[\d.e]+', lambda found: f'"{found[1]}": {bad}', text)

    return rewrite


def hostile_answers() -> dict[str, Any]:
    """Other calls answered with holes."""
    bare = {"schema": 1, "portfolio": "main", "event_time": now(), "base_currency": None, "market_value": None}
    limit = {"name": "l", "rule": "var", "value": None, "utilisation": None, "warning": None, "breach": -0.0}
    return {
        "/api/v1/portfolios/main/limits": [limit],
        "/api/v1/portfolios/main/stress": {**bare, "results": [{"scenario": "s", "pnl": None}, {"scenario": "t"}]},
        "/api/v1/portfolios/main/risk/history": {"points": [{"event_time": "when", "measures": None}], "begins": 7},
        "/api/v1/portfolios/main/explain": {**bare, "method": "historical", "var_from": None},
        "/api/v1/portfolios/main/backtest": {
            **bare,
            "method": "historical",
            "confidence": 0.99,
            "points": [{}],
            "tests": [
                {
                    "method": "historical",
                    "confidence": 0.99,
                    "pnl": "hypothetical",
                    "light": {"zone": "green"},
                    "kupiec": {"p_value": None},
                    "z2": None,
                }
            ],
        },
        "/api/v1/covariance": {**bare, "symbols": ["S0000"], "correlation": [[None]], "volatilities": [None]},
    }


def test_five_thousand_positions_at_ten_events_a_second_can_be_searched_and_sorted(show: Show) -> None:
    with ScriptedApi(symbols_of(5_000), rate=10).running() as api:
        page = show(api, "?view=positions")
        table = page.get_by_role("table")
        expect(table).to_have_attribute("aria-rowcount", "5001", timeout=PATIENCE_MS)
        assert table.get_by_role("row").count() < 100
        page.get_by_role("button", name="Symbol").click()
        expect(table.get_by_role("rowheader").first).to_have_text("S0000", timeout=PATIENCE_MS)
        page.get_by_role("searchbox", name="Find a symbol").fill("S4999")
        expect(table).to_have_attribute("aria-rowcount", "2", timeout=PATIENCE_MS)
        price = table.get_by_role("row").nth(1).get_by_role("cell").nth(1)
        before = price.inner_text()
        expect(price).not_to_have_text(before, timeout=PATIENCE_MS)
        page.get_by_role("searchbox", name="Find a symbol").fill("")
        expect(table).to_have_attribute("aria-rowcount", "5001", timeout=PATIENCE_MS)
