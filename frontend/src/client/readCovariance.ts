/** Reads the covariance behind the figures; see read.ts for the rules. */
import type { Covariance } from "./types.ts";
import { isObject, list, number, readMoment, text } from "./values.ts";

export function readCovariance(value: unknown): Covariance | null {
  if (!isObject(value) || value.schema !== 1) return null;
  const eventTime = readMoment(value.event_time);
  const symbols = list(value.symbols).map(text);
  const correlation = list(value.correlation).map((row) => list(row).map(number));
  const square = correlation.every((row) => row.length === symbols.length);
  if (eventTime === null || !square || correlation.length !== symbols.length) return null;
  const conditioning = isObject(value.conditioning) ? value.conditioning : {};
  return {
    event_time: eventTime,
    symbols: symbols.map((symbol) => symbol ?? "?"),
    bar: text(value.bar) ?? "",
    observations: list(value.observations).map((count) => number(count) ?? 0),
    volatilities: list(value.volatilities).map((volatility) => number(volatility) ?? 0),
    correlation,
    conditioning: {
      smallest_eigenvalue: number(conditioning.smallest_eigenvalue) ?? 0,
      largest_eigenvalue: number(conditioning.largest_eigenvalue) ?? 0,
      condition_number: number(conditioning.condition_number),
    },
  };
}
