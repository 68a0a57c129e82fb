/** What stands over the columns of the positions table. */
import { METHOD_NAMES, type RiskSnapshot } from "../client/types.ts";
import { confidenceLabel } from "../format/number.ts";
import { attributionOf } from "../risk/attribution.ts";
import type { Column } from "../risk/columns.ts";

export interface Head {
  name: string;
  tip: string;
}

export const COLUMN_NAMES: Record<Column, string> = {
  quantity: "Quantity",
  price: "Price",
  moved_s: "Moved",
  currency: "Ccy",
  average_price: "Avg price",
  market_value: "Value",
  unrealised_pnl: "Unrealised",
  realised_pnl: "Realised",
  volatility: "Vol",
  marginal_var: "Marginal",
  component_var: "Comp. VaR",
  component_es: "Comp. ES",
  share: "Share",
};

const TIPS: Record<Exclude<Column, "component_var" | "component_es">, (snapshot: RiskSnapshot) => string> = {
  quantity: () => "Contracts or shares; short is negative",
  price: () => "Last accepted price, in the instrument's currency",
  moved_s: () => "How long ago this page saw the price move",
  currency: () => "Currency of the instrument",
  average_price: () => "Paid on average for what is held, in the instrument's currency",
  market_value: ({ base_currency }) => `Market value in ${base_currency}`,
  unrealised_pnl: () => "Value less what was paid for it, in the instrument's currency",
  realised_pnl: () => "Gains of what was sold, by average cost, in the instrument's currency",
  volatility: ({ quality: { scaled_from: bar } }) =>
    `Volatility of the return of one bar${bar === "" ? "" : ` of ${bar}`}`,
  marginal_var: ({ base_currency }) => `VaR for one ${base_currency} more of exposure`,
  share: () => "Part of the portfolio's VaR",
};

export function headOf(column: Column, snapshot: RiskSnapshot, confidence: number): Head {
  if (column === "component_var" || column === "component_es")
    return componentHead(snapshot, column, confidence);
  return { name: COLUMN_NAMES[column], tip: TIPS[column](snapshot) };
}

/**
 * Components tell what they add up to: VaR and ES need not be of the same method, nor of the confidence chosen, which
 * then stands in the head.
 */
function componentHead(
  snapshot: RiskSnapshot,
  column: "component_var" | "component_es",
  confidence: number,
): Head {
  const figure = column === "component_var" ? "VaR" : "ES";
  const name = COLUMN_NAMES[column];
  const found = attributionOf(snapshot, column)?.measure;
  if (found === undefined) return { name, tip: `What the position adds to the ${figure}` };
  const level = confidenceLabel(found.confidence);
  const tip = `In ${snapshot.base_currency}, adds up to ${METHOD_NAMES[found.method]} ${figure} ${level}`;
  return { name: found.confidence === confidence ? name : `${name} ${level}`, tip };
}
