/** Reads limits and how they stand; see read.ts for the rules. */
import type { Limit, NewLimit } from "./types.ts";
import { isMethod, isObject, list, number, present, readMoment, text } from "./values.ts";

const RULES: readonly string[] = [
  "var",
  "es",
  "stress",
  "gross",
  "net",
  "position_share",
  "stale",
  "silence",
  "gaps",
  "data_quality",
  "watchdog",
] satisfies readonly NewLimit["rule"][];

const isRule = (value: unknown): value is NewLimit["rule"] =>
  typeof value === "string" && RULES.includes(value);

function readLimit(value: unknown): Limit | null {
  if (!isObject(value) || !isRule(value.rule)) return null;
  const name = text(value.name);
  const { state, level } = value;
  if (name === null) return null;
  return {
    name,
    rule: value.rule,
    method: isMethod(value.method) ? value.method : null,
    confidence: number(value.confidence),
    scenario: text(value.scenario),
    warning: number(value.warning),
    breach: number(value.breach),
    for_s: number(value.for_s) ?? 0,
    hysteresis: number(value.hysteresis) ?? 0,
    value: number(value.value),
    utilisation: number(value.utilisation),
    reason: text(value.reason),
    state: state === "firing" || state === "acknowledged" ? state : "ok",
    level: level === "warning" || level === "breach" ? level : null,
    since: readMoment(value.since),
    alert: text(value.alert),
    silenced: value.silenced === true,
  };
}

export const readLimits = (value: unknown): Limit[] => list(value).map(readLimit).filter(present);
