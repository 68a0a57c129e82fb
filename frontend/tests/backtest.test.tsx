/** The running backtest, read, drawn and told. */
import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readBacktest, readStoredBacktests, readStoredResult } from "../src/client/readBacktest.ts";
import type { ForecastMethod } from "../src/client/types.ts";
import { exceptionsOf, judgedBy, judgedRows } from "../src/risk/backtest.ts";
import { timeTicks } from "../src/risk/domain.ts";
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
const job = {
  id: "1",
  kind: "backtest",
  state: "done",
  portfolio: "main",
  request: { history: "prices.csv" },
  finished: "2026-11-22T08:00:00Z",
};
const stored = {
  kind: "backtest",
  base_currency: "EUR",
  dates: ["2021-01-04", "2021-01-05", "2021-01-06", "2021-01-07"],
  pnl: [1, -12, null, -10],
  forecasts: [
    { method: "historical", confidence: 0.99, var: [10, 10, 10, 10] },
    { method: "historical filtered", confidence: 0.99, var: [null, 15, 15, 5] },
  ],
  tests: [
    forecast("hypothetical", "historical", 2, 0.003),
    forecast("hypothetical", "historical filtered", 1, 0.4),
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
    if (path === "/api/v1/jobs") return Response.json([job, { ...job, id: "2", state: "running" }]);
    if (path.startsWith("/api/v1/jobs/")) return Response.json({ ...job, result: stored });
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

describe("a stored backtest", () => {
  const read = readStoredResult({ ...job, result: stored });

  test("has an exception on each day that lost more, or has no P&L or no forecast", () => {
    if (read === null) throw new Error("unreadable");
    const exceptionsBy = (method: ForecastMethod) =>
      judgedBy(read, method, 0.99).points.map((point) => point.hypothetical_exception);
    expect(exceptionsBy("historical")).toEqual([false, true, true, false]);
    expect(exceptionsBy("historical filtered")).toEqual([true, false, true, true]);
    expect(judgedBy(read, "parametric", 0.99).points).toEqual([]);
  });

  test("is among the jobs that are done, and what is no backtest is none", () => {
    expect(
      readStoredBacktests([job, { ...job, state: "failed" }, { ...job, kind: "monte_carlo" }, 7]),
    ).toEqual([{ job: "1", portfolio: "main", history: "prices.csv", finished: "2026-11-22T08:00:00Z" }]);
    expect(readStoredResult({ ...job, result: null })).toBeNull();
  });
});

test("an axis of years has few ticks, a year or half of one apart", () => {
  const year = 365.25 * 86_400_000;
  const ticks = timeTicks(0, 27 * year, 10, 0);
  expect(ticks.length).toBeLessThanOrEqual(11);
  expect((ticks[1] ?? 0) - (ticks[0] ?? 0)).toBe(3 * year);
  expect(ticks[0]).toBe(3 * year); // the edge would cut the label of the first moment
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

  test("shows a stored one when it is chosen, by its day and every forecast it has", async () => {
    await show();
    fireEvent.change(screen.getByRole("combobox", { name: "Which backtest" }), { target: { value: "1" } });
    expect(window.location.search).toBe("?view=backtest&job=1");
    await vi.waitFor(() => expect(verdicts()).toHaveLength(2));
    expect(region("P&L against forecast")).toHaveTextContent("2 exceptions in 4 days");
    expect(screen.queryByRole("radio", { name: "Actual" })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Historical, filtered 99%" }));
    expect(region("P&L against forecast")).toHaveTextContent("3 exceptions in 4 days");
    fireEvent.change(screen.getByRole("combobox", { name: "Which backtest" }), { target: { value: "250" } });
    expect(window.location.search).toBe("?view=backtest&method=historical+filtered&bars=250");
  });

  test("says whose a stored one is that is not of this portfolio", async () => {
    job.portfolio = "other";
    await show("&job=1");
    await vi.waitFor(() => expect(region("Verdicts")).toHaveTextContent("This backtest is of other"));
    job.portfolio = "main";
  });
});
