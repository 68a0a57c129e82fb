import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RiskSnapshot } from "../src/client/types.ts";
import { alone } from "../src/risk/sums.ts";
import { type State, withPortfolioIds, withRisk } from "../src/store/state.ts";
import { measure, snapshot } from "./fixtures.ts";
import { showPage } from "./page.tsx";

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00.100Z") }));
afterEach(() => vi.useRealTimers());

const of = (portfolio: string, desk: string | null, value: number | null): RiskSnapshot =>
  snapshot({ portfolio, desk, measures: [measure("parametric", 0.99, value)] });
const firm = of("firm", null, 1000);
const macro = of("desk:macro", null, 800);
const parts = [of("main", "macro", 700), of("hedge", "macro", 300), of("alone", null, 400)];

describe("what each portfolio of a sum has alone", () => {
  test("with diversification it adds up to the sum's own figure", () => {
    for (const whole of [firm, macro]) {
      const contributions = alone(whole, [...parts, firm, macro], "parametric", 0.99);
      const total = contributions.reduce((sum, { value }) => sum + value, 0);
      expect(total).toBe(whole.measures[0]?.var);
    }
  });

  test("a desk has its own portfolios only, the firm all, and neither a sum", () => {
    const names = (whole: RiskSnapshot) =>
      alone(whole, [...parts, firm, macro], "parametric", 0.99).map(({ symbol }) => symbol);
    expect(names(firm)).toEqual(["main", "hedge", "alone", "Diversification"]);
    expect(names(macro)).toEqual(["main", "hedge", "Diversification"]);
  });

  test("a figure that is missing is not called diversification", () => {
    expect(alone(firm, [...parts, of("new", null, null)], "parametric", 0.99)).toEqual([]);
    expect(alone(of("firm", null, null), parts, "parametric", 0.99)).toEqual([]);
  });
});

describe("the waterfall of a sum", () => {
  const all = [firm, macro, ...parts];
  const known = (state: State) =>
    all.reduce(
      (held, one) => withRisk(held, one, performance.now()),
      withPortfolioIds(
        state,
        all.map(({ portfolio }) => portfolio),
      ),
    );

  test("is by portfolio when that is chosen", async () => {
    const { feed, open } = showPage("?portfolio=desk%3Amacro");
    await feed(open, known);
    fireEvent.click(screen.getByRole("radio", { name: "Portfolios" }));
    const items = within(screen.getByRole("list", { name: "VaR by portfolio" })).getAllByRole("listitem");
    expect(items.map((item) => item.textContent)).toEqual([
      "main: $700.00, 87.5%",
      "hedge: $300.00, 37.5%",
      "Diversification: −$200.00, −25.0%",
      "Total: $800.00, 100.0%",
    ]);
    expect(window.location.search).toContain("waterfall=portfolios");
  });

  test("of a portfolio there is none, and a link to one shows its positions", async () => {
    const { feed, open } = showPage("?portfolio=main&waterfall=portfolios");
    await feed(open, known);
    expect(screen.queryByRole("radio", { name: "Portfolios" })).toBeNull();
    expect(screen.getByRole("radio", { name: "Positions" })).toBeChecked();
    expect(screen.getByRole("list", { name: "VaR by position" })).toBeInTheDocument();
  });
});
