/** The trades of a what-if as they are typed, and as they are asked. */
import type { Candidate } from "../client/types.ts";

export interface Line {
  /** Its name for life, and the id of the trade if it is booked: sent twice it is booked once. */
  id: string;
  symbol: string;
  quantity: string;
}

export const blankLine = (): Line => ({ id: crypto.randomUUID(), symbol: "", quantity: "" });

const isBlank = ({ symbol, quantity }: Line): boolean => symbol.trim() === "" && quantity.trim() === "";

const SYMBOL = /^[A-Za-z0-9._:/-]{1,129}$/;

/** What is wrong with a line; null when nothing is, or when nothing stands in it yet. */
export function faultOf(line: Line): string | null {
  if (isBlank(line)) return null;
  if (!SYMBOL.test(line.symbol.trim())) return "no symbol: letters, digits and . _ : / -";
  const quantity = quantityOf(line);
  if (quantity === null) return "no quantity: a number, negative for a sale";
  return quantity === 0 ? "a quantity of 0 is no trade" : null;
}

/** Typed with or without thousands' commas and with either minus. */
export function quantityOf({ quantity }: Line): number | null {
  const plain = quantity.trim().replaceAll(",", "").replace("−", "-");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : null;
}

export const filled = (lines: readonly Line[]): Line[] => lines.filter((line) => !isBlank(line));

/** The trades to ask about; null while there is none, or one that is not right yet. */
export function candidatesOf(lines: readonly Line[]): Candidate[] | null {
  const held = filled(lines);
  if (held.length === 0 || held.some((line) => faultOf(line) !== null)) return null;
  return held.map((line) => ({ symbol: line.symbol.trim(), quantity: quantityOf(line) ?? 0 }));
}
