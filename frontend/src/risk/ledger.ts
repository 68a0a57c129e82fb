/** Where every tick went. */
import type { Ledger } from "../client/types.ts";

export interface Fate {
  name: string;
  count: number;
  meaning: string;
}

const MEANINGS = {
  accepted: "Prices that count",
  duplicate: "Sent again by the venue, and told once",
  late: "Came after their bar had closed: stored, not in that bar",
} as const;

/** The fates of the ticks received, the refused ones by reason, most frequent first. */
export function fatesOf(ledger: Ledger): Fate[] {
  const plain = (["accepted", "duplicate", "late"] as const).map((name) => ({
    name,
    count: ledger[name],
    meaning: MEANINGS[name],
  }));
  const refused = Object.entries(ledger.rejected)
    .sort(([, one], [, other]) => other - one)
    .map(([reason, times]) => ({ name: `rejected: ${reason}`, count: times, meaning: "Kept in quarantine" }));
  return [...plain, ...refused];
}

/** Ticks received that have no fate: 0 in a sound ledger, but for what is on its way. */
export const unaccounted = (ledger: Ledger): number =>
  ledger.received - fatesOf(ledger).reduce((sum, fate) => sum + fate.count, 0);
