/** Limits as they are edited, and as they are stated to the engine. */
import type { Limit, Method, NewLimit } from "../client/types.ts";

export interface LimitDraft {
  rule: NewLimit["rule"];
  method: Method;
  confidence: number;
  warning: string;
  breach: string;
}

/** The rules that a person sets on a book, with what their figure is. */
export const SETTABLE: readonly (readonly [NewLimit["rule"], string])[] = [
  ["var", "VaR"],
  ["es", "ES"],
  ["stress", "Worst stress loss"],
  ["gross", "Gross"],
  ["net", "Net, either way"],
  ["position_share", "Largest position, part of gross"],
  ["stale", "Stale positions"],
];

export const ofFigures = (rule: string): boolean => rule === "var" || rule === "es";

/** Whether the figure of a rule is money. */
export const isMoney = (rule: string): boolean =>
  ofFigures(rule) || rule === "stress" || rule === "gross" || rule === "net";

function levelOf(text: string): number | null {
  const plain = text.trim().replaceAll(",", "");
  if (!/^\d+(\.\d+)?$/.test(plain)) return null;
  const value = Number(plain);
  return value > 0 ? value : null;
}

/** What is wrong with a draft; null when it can be stated. */
export function faultOfLimit({ warning, breach }: LimitDraft): string | null {
  const low = levelOf(warning);
  const high = levelOf(breach);
  if ((warning.trim() !== "" && low === null) || (breach.trim() !== "" && high === null))
    return "a level is a positive number";
  if (low === null && high === null) return "a limit has a warning, a breach or both";
  return low !== null && high !== null && low >= high ? "the warning comes before the breach" : null;
}

export function limitOf(draft: LimitDraft): NewLimit {
  const figures = ofFigures(draft.rule);
  return {
    rule: draft.rule,
    method: figures ? draft.method : null,
    confidence: figures ? draft.confidence : null,
    warning: levelOf(draft.warning),
    breach: levelOf(draft.breach),
    for_s: 0,
    hysteresis: 0.05,
  };
}

/** A limit that stands, to be stated again beside another. */
export const restated = ({
  rule,
  method,
  confidence,
  scenario,
  warning,
  breach,
  for_s,
  hysteresis,
}: Limit): NewLimit => ({
  rule,
  method,
  confidence,
  scenario,
  warning,
  breach,
  for_s,
  hysteresis,
});

const subjectOf = ({ rule, method, confidence, scenario }: NewLimit): string =>
  [rule, method ?? "", confidence ?? "", scenario ?? ""].join("|");

/** The limits with one more, in place of the one on the same figure if there is one. */
export const withLimit = (limits: readonly Limit[], added: NewLimit): NewLimit[] => [
  ...limits.map(restated).filter((limit) => subjectOf(limit) !== subjectOf(added)),
  added,
];

export interface LimitLine {
  value: number;
  level: "warning" | "breach";
  method: Method;
}

/** The levels that limit a figure at a confidence, the lowest first. */
export function linesOf(limits: readonly Limit[], metric: "var" | "es", confidence: number): LimitLine[] {
  const own = limits.filter((limit) => limit.rule === metric && limit.confidence === confidence);
  const lines = own.flatMap(({ method, warning, breach }) =>
    (["warning", "breach"] as const).flatMap((level) => {
      const value = level === "warning" ? warning : breach;
      return method === null || value === null ? [] : [{ value, level, method }];
    }),
  );
  return lines.sort((one, other) => one.value - other.value);
}
