/** Which way the price of each position moved last, and when this page saw it: a monotonic moment. */
import type { RiskSnapshot } from "../client/types.ts";

export interface Move {
  up: boolean;
  seenAt: number;
}

export type Moves = Readonly<Record<string, Move>>;

export function movesOf(held: Moves, before: RiskSnapshot | null, after: RiskSnapshot, now: number): Moves {
  if (before === null) return held;
  const prices = new Map(before.positions.map(({ symbol, price }) => [symbol, price]));
  const moved: Record<string, Move> = {};
  for (const { symbol, price } of after.positions) {
    const was = prices.get(symbol) ?? null;
    if (price !== null && was !== null && price !== was) moved[symbol] = { up: price > was, seenAt: now };
  }
  return Object.keys(moved).length === 0 ? held : { ...held, ...moved };
}
