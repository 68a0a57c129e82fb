/** The lines of the series: a measure by each method, or what the book is worth. */
import type { Curve } from "../app/view.ts";
import { METHOD_NAMES, METHODS } from "../client/types.ts";
import { type FigureKey, figureKey, type Metric } from "../store/series.ts";
import { METHOD_COLOURS } from "./methods.ts";

export interface CurveLine {
  key: FigureKey;
  name: string;
  colour: string;
  /** Drawn broad and faint, under the others. */
  band: boolean;
}

export const CURVE_NAMES: Record<Curve, string> = {
  var: "VaR",
  es: "ES",
  value: "Market value",
  pnl: "P&L today",
};

export const isOfRisk = (curve: Curve): curve is Metric => curve === "var" || curve === "es";

const BOOK: Record<"value" | "pnl", CurveLine> = {
  value: { key: "market_value", name: CURVE_NAMES.value, colour: "var(--text)", band: false },
  pnl: { key: "pnl_today", name: CURVE_NAMES.pnl, colour: "var(--text)", band: false },
};

export function linesOfCurve(curve: Curve, confidence: number): readonly CurveLine[] {
  if (!isOfRisk(curve)) return [BOOK[curve]];
  return METHODS.map((method) => ({
    key: figureKey(method, confidence, curve),
    name: METHOD_NAMES[method],
    colour: METHOD_COLOURS[method],
    // The simulated line follows the closed form closely: as a band under it both are seen.
    band: method === "monte_carlo",
  }));
}
