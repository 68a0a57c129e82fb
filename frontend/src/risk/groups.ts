/** Positions in groups: what they have in common, and what the groups sum to. */
import type { Column } from "./columns.ts";
import type { Order, Row } from "./rows.ts";
import { sorted } from "./rows.ts";

export const GROUPINGS = [
  ["none", "No groups"],
  ["currency", "By currency"],
  ["venue", "By venue"],
  ["underlying", "By underlying"],
  ["side", "By side"],
] as const;

export type Grouping = (typeof GROUPINGS)[number][0];

/** `binance:spot:BTC-USDT` is of the venue `binance:spot`. */
const venueOf = (symbol: string): string => {
  const at = symbol.lastIndexOf(":");
  return at < 0 ? "no venue named" : symbol.slice(0, at);
};

/** `binance:spot:BTC-USDT` and `BTC-PERP` are both of BTC. */
const underlyingOf = (symbol: string): string =>
  symbol.slice(symbol.lastIndexOf(":") + 1).split(/[-_/.]/, 1)[0] ?? symbol;

const NAMES: Record<Exclude<Grouping, "none">, (row: Row) => string> = {
  currency: ({ currency }) => currency ?? "no currency named",
  venue: ({ symbol }) => venueOf(symbol),
  underlying: ({ symbol }) => underlyingOf(symbol),
  side: ({ quantity }) => (quantity > 0 ? "long" : quantity < 0 ? "short" : "flat"),
};

const SUMMED = ["market_value", "component_var", "component_es", "share"] as const;
/** In the currency of the instrument: they sum where there is only one. */
const SUMMED_IN_ONE = ["unrealised_pnl", "realised_pnl"] as const;

export type Sums = Readonly<Partial<Record<Column, number | null>>>;

export interface Group {
  kind: "group";
  name: string;
  members: number;
  closed: boolean;
  /** That all members are in; null where there are several. */
  currency: string | null;
  sums: Sums;
}

export type Entry = Group | { kind: "row"; row: Row };

function sumOf(
  rows: readonly Row[],
  column: (typeof SUMMED)[number] | (typeof SUMMED_IN_ONE)[number],
): number | null {
  const known = rows.map((row) => row[column]).filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function currencyOf(rows: readonly Row[]): string | null {
  const first = rows[0]?.currency ?? null;
  return rows.every(({ currency }) => currency === first) ? first : null;
}

function sumsOf(rows: readonly Row[]): Sums {
  const ofOne = currencyOf(rows) !== null;
  const sums: Partial<Record<Column, number | null>> = {};
  for (const column of SUMMED) sums[column] = sumOf(rows, column);
  for (const column of SUMMED_IN_ONE) sums[column] = ofOne ? sumOf(rows, column) : null;
  return sums;
}

function membersOf(rows: readonly Row[], by: Exclude<Grouping, "none">): Map<string, Row[]> {
  const members = new Map<string, Row[]>();
  for (const row of rows) {
    const name = NAMES[by](row);
    members.set(name, [...(members.get(name) ?? []), row]);
  }
  return members;
}

/** Rows in order; in groups, the groups by what they sum to, or by name where that is no sum. */
export function arranged(rows: readonly Row[], by: Grouping, order: Order): Row[] {
  if (by === "none") return sorted(rows, order);
  const sign = order.descending ? -1 : 1;
  const groups = [...membersOf(rows, by)].map(([name, members]) => {
    const sum = order.column === "symbol" ? null : (sumsOf(members)[order.column] ?? null);
    return { name, members, sum };
  });
  groups.sort((one, other) => {
    if (one.sum === other.sum) return one.name < other.name ? -1 : 1;
    if (one.sum === null || other.sum === null) return one.sum === null ? 1 : -1;
    return sign * (one.sum - other.sum);
  });
  return groups.flatMap(({ members }) => sorted(members, order));
}

/** What the table shows of rows that were arranged: a head before each group, and nothing of one that is closed. */
export function entriesOf(rows: readonly Row[], by: Grouping, closed: ReadonlySet<string>): Entry[] {
  if (by === "none") return rows.map((row) => ({ kind: "row", row }));
  return [...membersOf(rows, by)].flatMap(([name, members]) => {
    const isClosed = closed.has(name);
    const head: Group = {
      kind: "group",
      name,
      members: members.length,
      closed: isClosed,
      currency: currencyOf(members),
      sums: sumsOf(members),
    };
    return [head, ...(isClosed ? [] : members.map((row): Entry => ({ kind: "row", row })))];
  });
}
