/** How far what is on the screen can be trusted to be the present. */
import { momentOf } from "../format/time.ts";
import type { Connection, Portfolio } from "../store/state.ts";
import { hasFigures } from "./measures.ts";

export type Health = "loading" | "warming" | "live" | "replay" | "stale" | "reconnecting";

/** A hiccup shorter than this is nobody's business. */
const GRACE_MS = 1500;
const STALE_MS = 10_000;
/** What a status event may have spent on its way. */
const CLOCK_ERROR_MS = 1000;

export interface Clocks {
  /** Monotonic now. */
  now: number;
  /** The server's wall clock as well as we know it. */
  serverNow: number;
}

/** How far behind the market its figures were when they were published. */
export const lagOf = ({ snapshot }: Portfolio): number => Math.max(0, snapshot?.quality.lag_ms ?? 0);

/** The engine cannot keep up: new figures come, and are old when they come. */
export const isBehind = (portfolio: Portfolio): boolean => lagOf(portfolio) > STALE_MS;

/** Age of the figures: since they came, or were published when that is longer ago, and what they were late by then. */
export function ageOf(portfolio: Portfolio, { now, serverNow }: Clocks): number | null {
  const { snapshot, receivedAt } = portfolio;
  if (snapshot === null) return null;
  const published = snapshot.published_at;
  const sincePublished = published === null ? 0 : serverNow - momentOf(published) - CLOCK_ERROR_MS;
  return Math.max(0, now - receivedAt, sincePublished) + lagOf(portfolio);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** A bar, from its length as the snapshot gives it (`60s`). */
function barOf({ snapshot }: Portfolio): number {
  const [, length, unit = ""] = /^(\d+)([smh])$/.exec(snapshot?.quality.scaled_from ?? "") ?? [];
  return Number(length ?? 0) * (UNIT_MS[unit] ?? 0);
}

/** Four times as long as it usually takes; before that is known, two bars and a half, for it may come bar by bar. */
export function staleAfter(portfolio: Portfolio): number {
  const patience = portfolio.cadenceMs === null ? 2.5 * barOf(portfolio) : 4 * portfolio.cadenceMs;
  return Math.max(STALE_MS, patience);
}

/** A replay publishes without a wall clock: its figures are of another day, however fresh they come in. */
export const isReplay = ({ snapshot }: Portfolio): boolean =>
  snapshot !== null && snapshot.published_at === null;

export function healthOf(connection: Connection, portfolio: Portfolio, clocks: Clocks): Health {
  if (connection.lostAt !== null && clocks.now - connection.lostAt > GRACE_MS) return "reconnecting";
  if (portfolio.snapshot === null) return portfolio.reason === null ? "loading" : "warming";
  const replay = isReplay(portfolio);
  const age = ageOf(portfolio, clocks);
  if (!replay && age !== null && age > staleAfter(portfolio)) return "stale";
  if (portfolio.snapshot.positions.length > 0 && !hasFigures(portfolio.snapshot)) return "warming";
  return replay ? "replay" : "live";
}
