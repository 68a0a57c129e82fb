/** An alert as a sentence: what is limited, what it is, and what it may be. */
import { type Alert, METHOD_NAMES } from "../client/types.ts";
import { confidenceLabel, exact, money } from "../format/number.ts";
import { isMoney } from "../risk/limits.ts";

export function alertWords(alert: Alert, currency: string): string {
  const { rule, method, confidence, scenario, value, limit, reason } = alert;
  const figure = (amount: number | null) => (isMoney(rule) ? money(amount, currency) : exact(amount));
  const subject = [
    rule,
    method === null ? null : METHOD_NAMES[method],
    confidence === null ? null : confidenceLabel(confidence),
    scenario,
  ];
  const told = subject.filter((word) => word !== null).join(" ");
  const against = limit === null ? "" : ` against ${figure(limit)}`;
  return `${told}: ${figure(value)}${against}${reason === null ? "" : `; ${reason}`}`;
}
