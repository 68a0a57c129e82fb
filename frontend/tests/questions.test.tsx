/** The screens that ask the engine: stress and correlation. */
import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type State, withPortfolioIds, withRisk } from "../src/store/state.ts";
import { snapshot } from "./fixtures.ts";
import { showPage } from "./page.tsx";

const result = (scenario: string, pnl: number | null) => ({
  scenario,
  pnl,
  positions: [
    { symbol: "AAA", market_value: 1000, pnl: pnl ?? 0 },
    { symbol: "BBB", market_value: -500, pnl: 25 },
  ],
  reason: pnl === null ? "AAA is not of this book" : null,
});
const stress = (...results: ReturnType<typeof result>[]) => ({
  schema: 1,
  portfolio: "main",
  event_time: "2026-11-22T09:30:00Z",
  journal_offset: 42,
  base_currency: "USD",
  market_value: 10_000,
  results,
  uncovered: [{ symbol: "ZZZ", reason: "no price yet" }],
});
const scenario = (name: string, builtIn: boolean) => ({
  name,
  description: "a week",
  source: "the archive",
  built_in: builtIn,
  everything: -0.1,
  groups: [],
  instruments: {},
  propagate: false,
  episode: null,
});
const covariance = {
  schema: 1,
  event_time: "2026-11-22T09:30:00Z",
  journal_offset: 42,
  symbols: ["AAA", "BBB", "CCC"],
  bar: "60s",
  version: 9,
  observations: [500, 500, 12],
  volatilities: [0.0012, 0.002, 0],
  covariance: [],
  correlation: [
    [1, 0.75, null],
    [0.75, 1, null],
    [null, null, null],
  ],
  conditioning: { smallest_eigenvalue: 0.25, largest_eigenvalue: 1.75, condition_number: 7 },
};

const sent: { method: string; path: string; body: unknown }[] = [];
let answers: Record<string, () => unknown>;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00.100Z") });
  sent.length = 0;
  answers = {
    "GET /api/v1/portfolios/main/stress": () =>
      stress(result("up", 500), result("crash", -900), result("odd", null)),
    "POST /api/v1/portfolios/main/stress": () => stress(result("yours", -123)),
    "GET /api/v1/scenarios": () => [scenario("crash", true), scenario("up", false)],
    "POST /api/v1/scenarios": () => scenario("mine", false),
    "DELETE /api/v1/scenarios/up": () => null,
    "GET /api/v1/covariance": () => covariance,
  };
  vi.stubGlobal("fetch", async (path: string, init: RequestInit = {}) => {
    const method = init.method ?? "GET";
    sent.push({ method, path, body: init.body === undefined ? null : JSON.parse(String(init.body)) });
    const answer = answers[`${method} ${path.split("?")[0]}`];
    return answer === undefined ? new Response("{}", { status: 404 }) : Response.json(answer());
  });
});

afterEach(() => vi.useRealTimers());

const ids = (state: State) => withPortfolioIds(state, ["main"]);
const region = (name: string) => screen.getByRole("region", { name });
const type = (name: string, value: string) =>
  fireEvent.change(screen.getByLabelText(name), { target: { value } });
const rows = (name: string) =>
  within(region(name))
    .getAllByRole("row")
    .map((row) => row.textContent);

async function show(view: string) {
  const page = showPage(`?view=${view}`);
  await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
  await page.feed();
  return page;
}

describe("stress", () => {
  test("shows the worst scenario first, and the positions that make it up", async () => {
    await show("stress");
    expect(rows("Scenarios")).toEqual([
      "crash✎−$900.00−9.0%",
      "up✎×+$500.00" + "5.0%",
      "odd–not available: AAA is not of this book–",
    ]);
    expect(region("By position")).toHaveTextContent("crash: −$900.00");
    expect(rows("By position")).toEqual(["AAA−$900.00−90.0%", "BBB+$25.005.0%"]);
    expect(region("By position")).toHaveTextContent("ZZZ is left out: no price yet");
    expect(screen.getByRole("button", { name: "crash" })).toHaveAttribute(
      "data-tip",
      "a week\nSource: the archive",
    );
    fireEvent.click(screen.getByRole("button", { name: "up" }));
    expect(region("By position")).toHaveTextContent("up: +$500.00");
  });

  test("shows a composed scenario at once, and keeps it under its name", async () => {
    const { feed } = await show("stress");
    type("Symbol 1", "AAA");
    type("Shock 1", "-20");
    await feed();
    expect(sent.findLast(({ method }) => method === "POST")).toEqual({
      method: "POST",
      path: "/api/v1/portfolios/main/stress",
      body: { name: "yours", everything: null, groups: [], instruments: { AAA: -0.2 }, propagate: false },
    });
    expect(rows("Scenarios")[0]).toBe("yours−$123.00−1.2%");
    expect(region("By position")).toHaveTextContent("yours: −$123.00");
    type("Name of the scenario", "mine");
    fireEvent.click(screen.getByRole("button", { name: "Keep" }));
    await feed();
    expect(
      sent.some(
        ({ path, body }) => path === "/api/v1/scenarios" && (body as { name: string })?.name === "mine",
      ),
    ).toBe(true);
    expect(screen.getByLabelText("Symbol 1")).toHaveValue("");
  });

  test("opens a scenario to be changed, one of several symbols and under no name where it is built in", async () => {
    const { feed } = await show("stress");
    fireEvent.click(screen.getByRole("button", { name: "Edit crash" }));
    await feed();
    expect(screen.getByLabelText("Shock of everything")).toHaveValue("-10");
    expect(screen.getByLabelText("Name of the scenario")).toHaveValue("");
    type("Symbol 1", "AAA BBB");
    type("Shock 1", "5");
    await feed();
    expect(sent.findLast(({ method }) => method === "POST")?.body).toMatchObject({
      everything: -0.1,
      groups: [{ symbols: ["AAA", "BBB"], shock: 0.05 }],
    });
  });

  test("lets only what users have stored be deleted", async () => {
    const { feed } = await show("stress");
    expect(screen.queryByRole("button", { name: "Delete crash" })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Delete up" }));
    await feed();
    expect(sent.some(({ method, path }) => method === "DELETE" && path === "/api/v1/scenarios/up")).toBe(
      true,
    );
  });

  test("says what is wrong with a shock, and what the engine says", async () => {
    const { feed } = await show("stress");
    type("Shock of everything", "-200");
    expect(within(region("Compose")).getByRole("alert")).toHaveTextContent("a shock is a percentage");
    type("Shock of everything", "-20");
    answers["POST /api/v1/portfolios/main/stress"] = () => ({ schema: 2 });
    await feed();
    expect(within(region("Compose")).getByRole("alert")).toHaveTextContent("cannot be read");
  });
});

describe("why it moved", () => {
  const explanation = {
    schema: 1,
    portfolio: "main",
    method: "historical",
    confidence: 0.99,
    start: "2026-11-22T09:30:00Z",
    end: "2026-11-22T09:45:00Z",
    var_from: 1000,
    var_to: 1100,
    trades: 50,
    prices: -20,
    covariance: 0,
    scenarios: 60,
    unexplained: 10,
  };

  test("adds up to the change, and says what was not kept between", async () => {
    answers["GET /api/v1/portfolios/main/explain"] = () => explanation;
    const page = showPage("?waterfall=why");
    await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
    await page.feed();
    const bars = within(screen.getByRole("list", { name: "Why it moved" })).getAllByRole("listitem");
    expect(bars.map((bar) => bar.textContent)).toEqual([
      "Trades: $50.00",
      "Prices: −$20.00",
      "Covariance: $0",
      "Scenarios: $60.00",
      "Not kept: $10.00",
      "Change: $100.00",
    ]);
    expect(region("Why it moved")).toHaveTextContent(/VaR 99%: \$1\.000K at .*, now \$1\.100K/);
    const asked = sent.find(({ path }) => path.includes("/explain"))?.path;
    expect(asked).toContain("from=2026-11-22T09%3A30%3A00.000Z");
    expect(asked).toContain("method=historical");
  });

  test("is told of the part of the series that the address names", async () => {
    answers["GET /api/v1/portfolios/main/explain"] = () => explanation;
    const page = showPage("?waterfall=why&from=2026-11-22T09:31:00Z&to=2026-11-22T09:40:00Z");
    await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
    await page.feed();
    const asked = sent.find(({ path }) => path.includes("/explain"))?.path;
    expect(asked).toContain("from=2026-11-22T09%3A31%3A00.000Z");
    expect(asked).toContain("to=2026-11-22T09%3A40%3A00.000Z");
    expect(region("Why it moved")).toHaveTextContent(/VaR 99%: \$1\.000K at .*, at .*:45:00 \$1\.100K/);
  });

  test("says why it is not known", async () => {
    const page = showPage("?waterfall=why");
    await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
    await page.feed();
    expect(region("Why it moved")).toHaveTextContent("Not known");
  });

  test("is one click away from the parts by position", async () => {
    const page = showPage();
    await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
    fireEvent.click(screen.getByRole("radio", { name: "Why" }));
    await page.feed();
    expect(window.location.search).toBe("?waterfall=why");
    expect(region("Why it moved")).toBeVisible();
  });
});

describe("correlation", () => {
  test("is a map, and words for those who do not see it", async () => {
    await show("correlation");
    expect(screen.getByRole("img", { name: "Correlations of 3 instruments" })).toBeInTheDocument();
    const pairs = within(screen.getByRole("list", { name: "Strongest correlations" })).getAllByRole(
      "listitem",
    );
    expect(pairs.map((pair) => pair.textContent)).toEqual(["AAA and BBB: 0.75"]);
    expect(sent.find(({ path }) => path.includes("covariance"))?.path).toContain("symbols=AAA%2CBBB%2CCCC");
  });

  test("stands beside volatilities, observations and how sure a hedge is", async () => {
    await show("correlation");
    expect(rows("Volatilities")).toContain("AAA0.120%500");
    expect(region("Volatilities")).toHaveTextContent("Condition number 7");
  });
});
