/** What the page knows, and the pure steps from one state to the next. */
import type { Alert, HistoryPoint, RiskSnapshot, Status } from "../client/types.ts";
import { momentOf } from "../format/time.ts";
import type { StreamPhase } from "../stream/stream.ts";
import { type Moves, movesOf } from "./moves.ts";
import { append, emptySeries, merge, pointOf, type Series, withStep } from "./series.ts";

export interface Portfolio {
  id: string;
  snapshot: RiskSnapshot | null;
  /** Monotonic moment at which the snapshot reached this page. */
  receivedAt: number;
  /** Typical time between two snapshots, ms of the monotonic clock; null until two have come. */
  cadenceMs: number | null;
  series: Series;
  moves: Moves;
  /** Why there is no snapshot yet, in the server's words. */
  reason: string | null;
  /** The server has begun anew: whatever comes next replaces what is held, however old its event time. */
  superseded: boolean;
}

export interface Connection {
  stream: StreamPhase;
  /** True once the stream has been open: before that we are loading, after it we have lost something. */
  everOpen: boolean;
  /** Monotonic moment since which the stream has been down; null while it is not. */
  lostAt: number | null;
}

export interface State {
  connection: Connection;
  /** In the order in which they are offered. null: not known yet. */
  portfolioIds: readonly string[] | null;
  listError: string | null;
  /** The server wants to know who asks. */
  signedOut: boolean;
  portfolios: Readonly<Record<string, Portfolio>>;
  alerts: Readonly<Record<string, Alert>>;
  /** Events that were not what they claimed to be. */
  garbage: number;
  status: Status | null;
  /** Server's wall clock minus ours. */
  clockOffsetMs: number;
  stepMs: number;
  /** The series on the screen is the whole one. */
  whole: boolean;
}

export const initialState = (stepMs: number): State => ({
  connection: { stream: { phase: "connecting" }, everOpen: false, lostAt: null },
  portfolioIds: null,
  listError: null,
  signedOut: false,
  portfolios: {},
  alerts: {},
  garbage: 0,
  status: null,
  clockOffsetMs: 0,
  stepMs,
  whole: false,
});

const blank = (id: string, { stepMs, whole }: State): Portfolio => ({
  id,
  snapshot: null,
  receivedAt: 0,
  cadenceMs: null,
  series: emptySeries(stepMs, whole),
  moves: {},
  reason: null,
  superseded: false,
});

export const portfolioOf = (state: State, id: string): Portfolio => state.portfolios[id] ?? blank(id, state);

const withPortfolio = (state: State, portfolio: Portfolio): State => ({
  ...state,
  portfolios: { ...state.portfolios, [portfolio.id]: portfolio },
});

export function withPhase(state: State, stream: StreamPhase, now: number): State {
  const { everOpen, lostAt } = state.connection;
  if (stream.phase === "open") return { ...state, connection: { stream, everOpen: true, lostAt: null } };
  const failed = stream.phase === "waiting";
  return { ...state, connection: { stream, everOpen, lostAt: failed ? (lostAt ?? now) : lostAt } };
}

/** The list says which portfolios exist; one that only the stream has named is kept behind them. */
export function withPortfolioIds(state: State, ids: readonly string[]): State {
  const others = (state.portfolioIds ?? []).filter((id) => !ids.includes(id));
  return { ...state, portfolioIds: [...ids, ...others], listError: null, signedOut: false };
}

export const withSignedOut = (state: State): State => ({ ...state, signedOut: true });

export const withListError = (state: State, message: string): State => ({ ...state, listError: message });

const isNewer = (next: RiskSnapshot, { snapshot, superseded }: Portfolio): boolean => {
  if (snapshot === null || superseded) return true;
  const difference = momentOf(next.event_time) - momentOf(snapshot.event_time);
  return difference > 0 || (difference === 0 && next.seq > snapshot.seq);
};

function cadence(held: Portfolio, now: number): number | null {
  if (held.snapshot === null) return null;
  const step = now - held.receivedAt;
  return held.cadenceMs === null ? step : 0.8 * held.cadenceMs + 0.2 * step;
}

/** Takes a snapshot unless one as new is held: repeats and stragglers change nothing. */
export function withRisk(state: State, snapshot: RiskSnapshot, now: number): State {
  const held = portfolioOf(state, snapshot.portfolio);
  if (!isNewer(snapshot, held)) return state;
  const series = held.superseded ? emptySeries(state.stepMs, state.whole) : held.series;
  const ids = state.portfolioIds;
  const known = ids?.includes(snapshot.portfolio) ?? false;
  return withPortfolio(known ? state : { ...state, portfolioIds: [...(ids ?? []), snapshot.portfolio] }, {
    ...held,
    snapshot,
    receivedAt: now,
    cadenceMs: cadence(held, now),
    series: append(series, pointOf(snapshot)),
    moves: held.superseded ? {} : movesOf(held.moves, held.snapshot, snapshot, now),
    reason: null,
    superseded: false,
  });
}

export function withReason(state: State, id: string, reason: string): State {
  const held = portfolioOf(state, id);
  return held.snapshot === null ? withPortfolio(state, { ...held, reason }) : state;
}

export function withHistory(state: State, id: string, history: readonly HistoryPoint[]): State {
  const held = portfolioOf(state, id);
  return withPortfolio(state, { ...held, series: merge(held.series, history.map(pointOf)) });
}

export function withStepMs(state: State, stepMs: number, whole = false): State {
  if (stepMs === state.stepMs && whole === state.whole) return state;
  const portfolios: Record<string, Portfolio> = {};
  for (const [id, held] of Object.entries(state.portfolios)) {
    portfolios[id] = { ...held, series: withStep(held.series, stepMs, whole) };
  }
  return { ...state, stepMs, whole, portfolios };
}

export const withAlert = (state: State, alert: Alert): State => ({
  ...state,
  alerts: { ...state.alerts, [alert.id]: alert },
});

export function withStatus(state: State, status: Status, wallNow: number): State {
  const { server_time: served } = status;
  const clockOffsetMs = served === null ? state.clockOffsetMs : momentOf(served) - wallNow;
  return { ...state, status, clockOffsetMs };
}

export const withGarbage = (state: State): State => ({ ...state, garbage: state.garbage + 1 });

/** Our cursor meant nothing to the server (another run, too long away): what follows is the present state. */
export function withReset(state: State): State {
  const portfolios: Record<string, Portfolio> = {};
  for (const [id, held] of Object.entries(state.portfolios)) portfolios[id] = { ...held, superseded: true };
  return { ...state, portfolios, alerts: {} };
}
