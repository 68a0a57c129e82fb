/** The running backtest, read, drawn and told. */
import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readBacktest } from "../src/client/readBacktest.ts";
import { exceptionsOf, judgedRows } from "../src/risk/backtest.ts";
import { type State, withPortfolioIds, withRisk } from "../src/store/state.ts";
import { snapshot } from "./fixtures.ts";
import { showPage } from "./page.tsx";

const point = (minute: number, hypothetical: number, actual: number, value: number | null = 10) => ({
  event_time: `2026-11-22T09:${String(minute).padStart(2, "0")}:00Z`,
  hypothetical_pnl: hypothetical,
  actual_pnl: actual,
  var: value,
  es: value,
  hypothetical_exception: value === null || hypothetical < -value,
  actual_exception: value === null || actual < -value,
});
const probability = (p_value: number | null) => ({
  statistic: p_value === null ? null : 3.2,
  p_value,
  reason: p_value === null ? "no exception yet" : null,
});
const forecast = (pnl: string, method: string, exceptions: number, p: number | null) => ({
  method,
  confidence: 0.99,
  pnl,
  bars: 3,
  exceptions,
  expected: 0.03,
  missing: 0,
  kupiec: probability(p),
  independence: probability(null),
  conditional_coverage: probability(0.5),
  first_failure: probability(null),
  light: { zone: exceptions > 1 ? "red" : "green", cumulative_probability: 0.9, reason: null },
  z2: { statistic: -1.25, p_value: null, reason: null },
  findings: [],
  verdict: exceptions > 1 ? "too many exceptions" : "nothing speaks against it",
});
const backtest = {
  schema: 1,
  portfolio: "main",
  base_currency: "USD",
  method: "historical",
  confidence: 0.99,
  points: [point(30, 5, 5), point(31, -12, 2), point(32, -4, -20), point(33, -1, -1, null)],
  tests: [
    forecast("hypothetical", "historical", 2, 0.003),
    forecast("hypothetical", "parametric", 1, null),
    forecast("actual", "historical", 1, 0.4),
  ],
};
const asked: string[] = [];
let answer: object;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00.100Z") });
  asked.length = 0;
  answer = backtest;
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return path.includes("/backtest") ? Response.json(answer) : Response.json({});
  });
});

afterEach(() => vi.useRealTimers());

describe("a backtest", () => {
  const read = readBacktest(backtest);

  test("has exceptions of its own by each P&L; a bar without forecast is one", () => {
    const points = read?.points ?? [];
    expect(judgedRows(points, "hypothetical").map(({ exception }) => exception)).toEqual([
      null,
      -12,
      null,
      -1,
    ]);
    expect(judgedRows(points, "hypothetical").map(({ allowed }) => allowed)).toEqual([-10, -10, -10, null]);
    expect(judgedRows(points, "actual").map(({ exception }) => exception)).toEqual([null, null, -20, -1]);
    expect(exceptionsOf(points, "actual")).toBe(2);
  });

  test("that is not what it claims to be is none, and a light that is no light no verdict", () => {
    expect(readBacktest({ ...backtest, schema: 2 })).toBeNull();
    expect(readBacktest({ ...backtest, method: "guess" })).toBeNull();
    const dark = { ...forecast("actual", "historical", 0, 1), light: { zone: "blue" } };
    expect(readBacktest({ ...backtest, tests: [dark, null, 3], points: [{}, "x"] })).toMatchObject({
      tests: [],
      points: [],
    });
  });
});

describe("the screen", () => {
  async function show(search = "") {
    const page = showPage(`?view=backtest${search}`);
    const ids = (state: State) => withPortfolioIds(state, ["main"]);
    await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
    await page.feed();
    return page;
  }
  const region = (name: string) => screen.getByRole("region", { name });
  const verdicts = () => within(region("Verdicts")).getAllByRole("row").slice(1);

  test("tells each forecast's tests in figures and words", async () => {
    await show();
    expect(verdicts().map((row) => row.textContent)).toEqual([
      "Historical 99%red2 of 30.00.003–not available: no exception yet0.500–not available: no exception yet−1.25too many exceptions",
      "Parametric 99%green1 of 30.0–not available: no exception yet–not available: no exception yet0.500–not available: no exception yet−1.25nothing speaks against it",
    ]);
    expect(region("P&L against forecast")).toHaveTextContent("2 exceptions in 4 bars");
  });

  test("holds hypothetical and actual P&L apart, and goes where the address says", async () => {
    await show("&pnl=actual&method=historical&bars=1000");
    expect(asked.find((path) => path.includes("/backtest"))).toContain(
      "method=historical&confidence=0.99&bars=1000",
    );
    expect(verdicts()).toHaveLength(1);
    fireEvent.click(screen.getByRole("radio", { name: "Hypothetical" }));
    expect(verdicts()).toHaveLength(2);
    fireEvent.click(screen.getByRole("button", { name: "Parametric 99%" }));
    expect(window.location.search).toBe("?view=backtest&method=parametric&bars=1000");
  });

  test("says why there is nothing to judge yet", async () => {
    answer = { ...backtest, points: [], tests: [] };
    await show();
    expect(region("P&L against forecast")).toHaveTextContent(/Too little to judge.*no bar has come so far/);
    expect(region("Verdicts")).toHaveTextContent("No forecast has met its bar yet");
  });
});
