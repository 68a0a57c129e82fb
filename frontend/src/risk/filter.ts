/** Which rows of the positions table are looked at. */
import type { Row } from "./rows.ts";

export const SIDES = ["all", "long", "short", "marked"] as const;

export type Side = (typeof SIDES)[number];

export interface Filter {
  /** Part of a symbol, in either case. */
  text: string;
  side: Side;
}

export const EVERYTHING: Filter = { text: "", side: "all" };

const isOnSide: Record<Side, (row: Row) => boolean> = {
  all: () => true,
  long: ({ quantity }) => quantity > 0,
  short: ({ quantity }) => quantity < 0,
  marked: ({ stale, uncovered }) => stale || uncovered !== null,
};

export function filtered(rows: readonly Row[], { text, side }: Filter): readonly Row[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "" && side === "all") return rows;
  return rows.filter((row) => isOnSide[side](row) && row.symbol.toLowerCase().includes(wanted));
}
