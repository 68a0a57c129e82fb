/** What the user has chosen to look at. It stands in the address, so that a view can be sent to a colleague. */
import { createContext, useCallback, useContext, useEffect, useState } from "react";
import { FORECAST_METHODS, type ForecastMethod, type Pnl } from "../client/types.ts";
import { COLUMNS, type Column, readColumns } from "../risk/columns.ts";
import type { Domain } from "../risk/domain.ts";
import { GROUPINGS, type Grouping } from "../risk/groups.ts";
import { ALL_MS, type Metric } from "../store/series.ts";

/** What is drawn over time. */
export const CURVES = ["var", "es", "value", "pnl"] as const;

export type Curve = (typeof CURVES)[number];

export const metricOf = (curve: Curve): Metric => (curve === "es" ? "es" : "var");

export const SCREENS = [
  ["overview", "Overview"],
  ["portfolios", "Portfolios"],
  ["positions", "Positions"],
  ["stress", "Stress"],
  ["correlation", "Correlation"],
  ["backtest", "Backtest"],
  ["alerts", "Alerts"],
  ["health", "Health"],
] as const;

export type ScreenName = (typeof SCREENS)[number][0];

const WATERFALLS = ["positions", "portfolios", "why"] as const;

export type Waterfall = (typeof WATERFALLS)[number];

/** How many bars are judged. */
export const BARS = [250, 500, 1000, 5000] as const;

export interface View {
  screen: ScreenName;
  portfolio: string | null;
  confidence: number;
  curve: Curve;
  windowMs: number;
  /** The part of the series that is looked at, two moments; null for the window that ends now. */
  zoom: Domain | null;
  /** Whether the sheet of trades that might be done lies open. */
  whatIf: boolean;
  waterfall: Waterfall;
  /** Of the table of positions; null for all there are. */
  columns: readonly Column[] | null;
  grouping: Grouping;
  /** Whose figures are looked into: what moved them, and how they stood the test. */
  forecast: ForecastMethod;
  pnl: Pnl;
  bars: (typeof BARS)[number];
  /** The job of the stored backtest that is looked at; null for the running one. */
  job: string | null;
}

export const WINDOWS: readonly (readonly [label: string, milliseconds: number])[] = [
  ["15m", 900_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  ["all", ALL_MS],
];

const DEFAULT: View = {
  screen: "overview",
  portfolio: null,
  confidence: 0.99,
  curve: "var",
  windowMs: 900_000,
  zoom: null,
  whatIf: false,
  waterfall: "positions",
  columns: null,
  grouping: "none",
  forecast: "historical",
  pnl: "hypothetical",
  bars: 500,
  job: null,
};

function readZoom(query: URLSearchParams): Domain | null {
  const from = Date.parse(query.get("from") ?? "");
  const to = Date.parse(query.get("to") ?? "");
  return from < to ? [from, to] : null;
}

export function readView(search: string): View {
  const query = new URLSearchParams(search);
  const confidence = Number(query.get("confidence"));
  const range = WINDOWS.find(([label]) => label === query.get("range"));
  const screen = SCREENS.find(([name]) => name === query.get("view"));
  return {
    screen: screen?.[0] ?? DEFAULT.screen,
    portfolio: query.get("portfolio"),
    confidence: confidence > 0 && confidence < 1 ? confidence : DEFAULT.confidence,
    curve: CURVES.find((curve) => curve === query.get("metric")) ?? DEFAULT.curve,
    windowMs: range?.[1] ?? DEFAULT.windowMs,
    zoom: readZoom(query),
    whatIf: query.get("sheet") === "what-if",
    waterfall: WATERFALLS.find((one) => one === query.get("waterfall")) ?? DEFAULT.waterfall,
    columns: readColumns(query.get("columns")),
    grouping: GROUPINGS.find(([name]) => name === query.get("group"))?.[0] ?? DEFAULT.grouping,
    forecast: FORECAST_METHODS.find((method) => method === query.get("method")) ?? DEFAULT.forecast,
    pnl: query.get("pnl") === "actual" ? "actual" : "hypothetical",
    bars: BARS.find((bars) => String(bars) === query.get("bars")) ?? DEFAULT.bars,
    job: query.get("job"),
  };
}

export function writeView(view: View): string {
  const query = new URLSearchParams();
  if (view.screen !== DEFAULT.screen) query.set("view", view.screen);
  if (view.portfolio !== null) query.set("portfolio", view.portfolio);
  if (view.confidence !== DEFAULT.confidence) query.set("confidence", String(view.confidence));
  if (view.curve !== DEFAULT.curve) query.set("metric", view.curve);
  const range = WINDOWS.find(([, milliseconds]) => milliseconds === view.windowMs);
  if (range !== undefined && view.windowMs !== DEFAULT.windowMs) query.set("range", range[0]);
  if (view.zoom !== null) {
    query.set("from", new Date(view.zoom[0]).toISOString());
    query.set("to", new Date(view.zoom[1]).toISOString());
  }
  if (view.whatIf) query.set("sheet", "what-if");
  if (view.waterfall !== DEFAULT.waterfall) query.set("waterfall", view.waterfall);
  if (view.columns !== null && view.columns.length < COLUMNS.length)
    query.set("columns", view.columns.join(","));
  if (view.grouping !== DEFAULT.grouping) query.set("group", view.grouping);
  if (view.forecast !== DEFAULT.forecast) query.set("method", view.forecast);
  if (view.pnl !== DEFAULT.pnl) query.set("pnl", view.pnl);
  if (view.bars !== DEFAULT.bars) query.set("bars", String(view.bars));
  if (view.job !== null) query.set("job", view.job);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

/** The view in the address. Another screen is a step that the browser's Back undoes; the rest only amends it. */
export function useAddressView(): [View, (change: Partial<View>) => void] {
  const [view, setView] = useState(() => readView(window.location.search));
  useEffect(() => {
    const onBack = () => setView(readView(window.location.search));
    window.addEventListener("popstate", onBack);
    return () => window.removeEventListener("popstate", onBack);
  }, []);
  const change = useCallback((part: Partial<View>) => {
    const held = readView(window.location.search);
    const next = { ...held, ...part };
    const address = `${window.location.pathname}${writeView(next)}`;
    if (next.screen === held.screen) window.history.replaceState(null, "", address);
    else window.history.pushState(null, "", address);
    setView(next);
  }, []);
  return [view, change];
}

export interface Chosen extends View {
  portfolio: string;
  /** The measure of risk that goes with the curve. */
  metric: Metric;
  change: (part: Partial<View>) => void;
}

export const ChosenContext = createContext<Chosen | null>(null);

export function useChosen(): Chosen {
  const chosen = useContext(ChosenContext);
  if (chosen === null) throw new Error("useChosen needs a ChosenContext above it");
  return chosen;
}
