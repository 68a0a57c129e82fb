/** Looking things up in a snapshot. */
import type { Measure, Method, RiskSnapshot } from "../client/types.ts";

export const measureOf = (
  snapshot: RiskSnapshot | null,
  method: Method,
  confidence: number,
): Measure | null =>
  snapshot?.measures.find((measure) => measure.method === method && measure.confidence === confidence) ??
  null;

/** The confidences that a snapshot speaks of, rising. */
export const confidencesOf = (snapshot: RiskSnapshot | null): number[] =>
  [...new Set(snapshot?.measures.map((measure) => measure.confidence) ?? [])].sort((a, b) => a - b);

export const hasFigures = (snapshot: RiskSnapshot): boolean =>
  snapshot.measures.some((measure) => measure.var !== null);

/** Why a snapshot has no figures, in the engine's words. */
export const reasonOf = (snapshot: RiskSnapshot): string | null =>
  snapshot.measures.find((measure) => measure.reason !== null)?.reason ?? null;

export interface Progress {
  done: number;
  needed: number;
}

/** "12 of 30 observations", "12/30": the progress that a reason tells, if it tells one. */
export function progressOf(reason: string | null): Progress | null {
  const found = /(\d+)\s*(?:of|\/)\s*(\d+)/.exec(reason ?? "");
  const done = Number(found?.[1]);
  const needed = Number(found?.[2]);
  return found !== null && needed > 0 ? { done: Math.min(done, needed), needed } : null;
}
