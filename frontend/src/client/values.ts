/** The values that everything on the wire is made of; what is not usable becomes null. */
import type { ForecastMethod, Method, Uncovered } from "./types.ts";

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** JSON has no NaN, but 1e999 parses to Infinity; and -0 is a number no one wants to read. */
export const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value + 0 : null;

export const present = <T>(value: T | null): value is T => value !== null;

export const isMethod = (value: unknown): value is Method =>
  value === "parametric" || value === "historical" || value === "monte_carlo";

export const isForecastMethod = (value: unknown): value is ForecastMethod =>
  isMethod(value) || value === "historical filtered";

export function readUncovered(value: unknown): Uncovered | null {
  if (!isObject(value)) return null;
  const symbol = text(value.symbol);
  return symbol === null ? null : { symbol, reason: text(value.reason) ?? "no reason given" };
}

export const readMoment = (value: unknown): string | null => {
  const moment = text(value);
  return moment !== null && Number.isFinite(Date.parse(moment)) ? moment : null;
};
