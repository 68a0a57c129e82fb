/** The rows of the positions table: what the snapshot says of each position, with what is wrong about it. */
import type { PositionRisk, RiskSnapshot } from "../client/types.ts";

export type Column =
  | "symbol"
  | "quantity"
  | "price"
  | "market_value"
  | "volatility"
  | "marginal_var"
  | "component_var"
  | "component_es"
  | "share";

export interface Row extends PositionRisk {
  /** Part of the portfolio's VaR, 1 being all of it. */
  share: number | null;
  /** Why the figures leave this position out; null when they do not. */
  uncovered: string | null;
}

export interface Order {
  column: Column;
  descending: boolean;
}

const BARE: Omit<PositionRisk, "symbol"> = {
  quantity: 0,
  price: null,
  market_value: null,
  volatility: null,
  marginal_var: null,
  component_var: null,
  component_es: null,
  stale: false,
};

export function rowsOf({ positions, quality }: RiskSnapshot): Row[] {
  const reasons = new Map(quality.uncovered.map(({ symbol, reason }) => [symbol, reason]));
  const stale = new Set(quality.stale);
  const total = positions.reduce((sum, position) => sum + (position.component_var ?? 0), 0);
  const rows = positions.map((position) => ({
    ...position,
    stale: position.stale || stale.has(position.symbol),
    share: position.component_var === null || total === 0 ? null : position.component_var / total,
    uncovered: reasons.get(position.symbol) ?? null,
  }));
  const listed = new Set(positions.map(({ symbol }) => symbol));
  const unlisted = quality.uncovered.filter(({ symbol }) => !listed.has(symbol));
  return [
    ...rows,
    ...unlisted.map(({ symbol, reason }) => ({ symbol, ...BARE, share: null, uncovered: reason })),
  ];
}

/** The rows in the order of `symbols`, as it was when they were sorted last. */
export function inOrder(rows: readonly Row[], symbols: readonly string[]): Row[] {
  const bySymbol = new Map(rows.map((row) => [row.symbol, row]));
  return symbols.flatMap((symbol) => bySymbol.get(symbol) ?? []);
}

/** Sorted; what has no value stands last either way, equals by symbol. */
export function sorted(rows: readonly Row[], { column, descending }: Order): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = a[column];
    const right = b[column];
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
    } else if (left !== right) return left < right ? -sign : sign;
    return a.symbol < b.symbol ? -1 : 1;
  });
}
