/** The columns of the positions table: which there are, and which are shown. */
import type { Row } from "./rows.ts";

export const COLUMNS = [
  "quantity",
  "price",
  "moved_s",
  "currency",
  "average_price",
  "market_value",
  "unrealised_pnl",
  "realised_pnl",
  "volatility",
  "marginal_var",
  "component_var",
  "component_es",
  "share",
] as const satisfies readonly (keyof Row)[];

export type Column = (typeof COLUMNS)[number];

/** What a table has room for beside other panels. */
export const FEW: readonly Column[] = [
  "quantity",
  "price",
  "market_value",
  "volatility",
  "marginal_var",
  "component_var",
  "component_es",
  "share",
];

const isColumn = (text: string): text is Column => COLUMNS.some((column) => column === text);

/** The columns that a comma-separated text names, in their usual order; null where it names none. */
export function readColumns(text: string | null): readonly Column[] | null {
  const named = new Set((text ?? "").split(",").filter(isColumn));
  return named.size === 0 ? null : COLUMNS.filter((column) => named.has(column));
}

/** The columns with one more, or one less; the last one stays. */
export function toggled(shown: readonly Column[], column: Column): readonly Column[] {
  const next = COLUMNS.filter((one) => (one === column) !== shown.includes(one));
  return next.length === 0 ? shown : next;
}
