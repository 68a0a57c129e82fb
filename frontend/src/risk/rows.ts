/** The rows of the positions table: what the snapshot says of each position, with what is wrong about it. */
import type { PositionRisk, RiskSnapshot } from "../client/types.ts";
import type { Moves } from "../store/moves.ts";
import type { Column } from "./columns.ts";

export interface Row extends PositionRisk {
  /** Part of the portfolio's VaR, 1 being all of it. */
  share: number | null;
  /** Why the figures leave this position out; null when they do not. */
  uncovered: string | null;
  /** Which way its price moved last, and how many seconds ago, as this page saw it; null when it has not. */
  up: boolean | null;
  moved_s: number | null;
}

export interface Order {
  column: Column | "symbol";
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
  currency: null,
  average_price: null,
  realised_pnl: null,
  unrealised_pnl: null,
};

/** `seenAt`: the monotonic moment at which the snapshot came. */
export function rowsOf({ positions, quality }: RiskSnapshot, moves: Moves = {}, seenAt = 0): Row[] {
  const reasons = new Map(quality.uncovered.map(({ symbol, reason }) => [symbol, reason]));
  const stale = new Set(quality.stale);
  const total = positions.reduce((sum, position) => sum + (position.component_var ?? 0), 0);
  const movedOf = (symbol: string) => {
    const move = moves[symbol];
    return move === undefined
      ? { up: null, moved_s: null }
      : { up: move.up, moved_s: Math.floor((seenAt - move.seenAt) / 1000) };
  };
  const rows = positions.map((position) => ({
    ...position,
    ...movedOf(position.symbol),
    stale: position.stale || stale.has(position.symbol),
    share: position.component_var === null || total === 0 ? null : position.component_var / total,
    uncovered: reasons.get(position.symbol) ?? null,
  }));
  const listed = new Set(positions.map(({ symbol }) => symbol));
  const unlisted = quality.uncovered.filter(({ symbol }) => !listed.has(symbol));
  return [
    ...rows,
    ...unlisted.map(({ symbol, reason }) => ({
      symbol,
      ...BARE,
      ...movedOf(symbol),
      share: null,
      uncovered: reason,
    })),
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
