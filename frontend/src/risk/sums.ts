/** A desk and the firm: sums of portfolios, whose risk is less than the sum of theirs. */
import type { Method, RiskSnapshot } from "../client/types.ts";
import { measureOf } from "./measures.ts";
import type { Contribution } from "./waterfall.ts";

const DESK = "desk:";

/** The names are the engine's. Nothing is booked in a sum. */
export const isSum = (portfolio: string): boolean => portfolio === "firm" || portfolio.startsWith(DESK);

const isPartOf = (sum: string, { portfolio, desk }: RiskSnapshot): boolean =>
  !isSum(portfolio) && (sum === "firm" || (desk !== null && sum === DESK + desk));

/**
 * The VaR that each portfolio of a sum has alone, and what comes off because they do not all lose at once: together
 * the VaR of the sum. None while a figure is missing: what is left would be called diversification.
 */
export function alone(
  whole: RiskSnapshot,
  all: readonly RiskSnapshot[],
  method: Method,
  confidence: number,
): Contribution[] {
  const varOf = (snapshot: RiskSnapshot) => measureOf(snapshot, method, confidence)?.var ?? null;
  const total = varOf(whole);
  const parts = all
    .filter((snapshot) => isPartOf(whole.portfolio, snapshot))
    .map((snapshot) => ({ symbol: snapshot.portfolio, value: varOf(snapshot) }));
  const known = parts.filter((part): part is Contribution => part.value !== null);
  if (total === null || known.length === 0 || known.length < parts.length) return [];
  const sum = known.reduce((soFar, { value }) => soFar + value, 0);
  return [...known, { symbol: "Diversification", value: total - sum }];
}
