/** Which limits are broken now. */
import type { Alert } from "../client/types.ts";

/** What tells the limit that an alert is about from all others. */
const subjectOf = ({ portfolio, rule, method, confidence, scenario }: Alert): string =>
  [portfolio, rule, method, confidence, scenario].join("|");

/** Whether it concerns every portfolio: the silence of the engine, which nobody is there to acknowledge. */
export const isOfAll = ({ portfolio }: Alert): boolean => portfolio === "*";

const isLater = (one: Alert, other: Alert): boolean => one.event_time >= other.event_time;

/** The last word on each limit, the resolved ones left out: each transition has an id of its own. */
export function standing(alerts: readonly Alert[]): Alert[] {
  const last = new Map<string, Alert>();
  for (const alert of alerts) {
    const held = last.get(subjectOf(alert));
    if (held === undefined || isLater(alert, held)) last.set(subjectOf(alert), alert);
  }
  return [...last.values()].filter(({ state }) => state !== "resolved");
}

export interface Worst {
  level: Alert["level"];
  count: number;
}

/** The gravest level that stands in a portfolio, and how many limits stand at it. */
export function worstOf(alerts: readonly Alert[], portfolio: string): Worst | null {
  const held = standing(alerts).filter((alert) => alert.portfolio === portfolio);
  if (held.length === 0) return null;
  const level = held.some((alert) => alert.level === "breach") ? "breach" : "warning";
  return { level, count: held.filter((alert) => alert.level === level).length };
}
