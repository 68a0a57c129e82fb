/** Reads why VaR moved; see read.ts for the rules. */
import type { Explanation } from "./types.ts";
import { isMethod, isObject, number, readMoment } from "./values.ts";

export function readExplanation(value: unknown): Explanation | null {
  if (!isObject(value) || value.schema !== 1 || !isMethod(value.method)) return null;
  const confidence = number(value.confidence);
  const start = readMoment(value.start);
  const end = readMoment(value.end);
  const from = number(value.var_from);
  const to = number(value.var_to);
  if (confidence === null || start === null || end === null || from === null || to === null) return null;
  return {
    method: value.method,
    confidence,
    start,
    end,
    var_from: from,
    var_to: to,
    trades: number(value.trades) ?? 0,
    prices: number(value.prices) ?? 0,
    covariance: number(value.covariance) ?? 0,
    scenarios: number(value.scenarios) ?? 0,
    unexplained: number(value.unexplained) ?? 0,
  };
}
