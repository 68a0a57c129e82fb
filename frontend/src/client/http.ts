/** The few calls the dashboard makes; errors are problem+json and carry a sentence a person can read. */
import { momentOf } from "../format/time.ts";
import { readAlert, readHistory, readPortfolioIds, readRisk } from "./read.ts";
import { readBacktest, readStoredBacktests, readStoredResult } from "./readBacktest.ts";
import { readCovariance } from "./readCovariance.ts";
import { readExplanation } from "./readExplanation.ts";
import { readLimits } from "./readLimits.ts";
import { readReplay } from "./readReplay.ts";
import { readScenarios, readStress } from "./readStress.ts";
import { readWhatIf } from "./readWhatIf.ts";
import type {
  Alert,
  Backtest,
  Candidate,
  Covariance,
  Explanation,
  History,
  HistoryPoint,
  Limit,
  Method,
  NewLimit,
  NewScenario,
  NewTrade,
  Replay,
  RiskSnapshot,
  Scenario,
  StoredBacktest,
  StoredResult,
  Stress,
  WhatIf,
} from "./types.ts";

export class ApiError extends Error {
  readonly status: number;
  /** Why there is no answer yet (a portfolio that is warming up), when the server says so. */
  readonly reason: string | null;

  constructor(status: number, message: string, reason: string | null = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.reason = reason;
  }
}

const asText = (value: unknown): string | null => (typeof value === "string" ? value : null);

async function problemOf(response: Response): Promise<ApiError> {
  const fallback = `the server answered ${response.status}`;
  try {
    const problem = (await response.json()) as Record<string, unknown>;
    const message = asText(problem.detail) ?? asText(problem.title) ?? fallback;
    return new ApiError(response.status, message, asText(problem.reason));
  } catch {
    return new ApiError(response.status, fallback);
  }
}

async function call(path: string, init: RequestInit): Promise<unknown> {
  const headers = { accept: "application/json", ...init.headers };
  const response = await fetch(path, { ...init, headers });
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

const get = (path: string, signal?: AbortSignal): Promise<unknown> =>
  call(path, signal === undefined ? {} : { signal });

const send = (method: "POST" | "PUT", path: string, body: unknown, signal?: AbortSignal): Promise<unknown> =>
  call(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

const post = (path: string, body: unknown, signal?: AbortSignal): Promise<unknown> =>
  send("POST", path, body, signal);

function readable<T>(answer: T | null): T {
  if (answer === null) throw new ApiError(200, "the server's answer cannot be read");
  return answer;
}

const portfolioPath = (id: string): string => `/api/v1/portfolios/${encodeURIComponent(id)}`;

export const fetchPortfolioIds = async (signal?: AbortSignal): Promise<string[]> =>
  readPortfolioIds(await get("/api/v1/portfolios", signal));

export const fetchRisk = async (id: string, signal?: AbortSignal): Promise<RiskSnapshot | null> =>
  readRisk(await get(`${portfolioPath(id)}/risk`, signal));

/** The finest resolution of the API that yields no more than one point a step. */
export const resolutionOf = (stepMs: number): string =>
  `${Math.min(86_400, Math.max(1, Math.ceil(stepMs / 1000)))}s`;

export async function fetchHistory(
  id: string,
  query: { start?: Date; end?: Date; resolution?: string },
  signal?: AbortSignal,
): Promise<History> {
  const search = new URLSearchParams();
  if (query.start !== undefined) search.set("start", query.start.toISOString());
  if (query.end !== undefined) search.set("end", query.end.toISOString());
  if (query.resolution !== undefined) search.set("resolution", query.resolution);
  return readHistory(await get(`${portfolioPath(id)}/risk/history?${search}`, signal));
}

export async function askWhatIf(
  id: string,
  trades: readonly Candidate[],
  signal?: AbortSignal,
): Promise<WhatIf> {
  return readable(readWhatIf(await post(`${portfolioPath(id)}/what-if`, { trades }, signal)));
}

/** Gives the browser a cookie for this token; the token itself is kept nowhere. */
export const signIn = async (token: string): Promise<void> => {
  await post("/api/v1/session", { token });
};

/** All or none; sent again after a failure it changes nothing that is booked, for each trade has its id. */
export const bookTrades = async (trades: readonly NewTrade[]): Promise<void> => {
  await post("/api/v1/trades", { trades });
};

export const fetchScenarios = async (signal?: AbortSignal): Promise<Scenario[]> =>
  readScenarios(await get("/api/v1/scenarios", signal));

/** Every scenario there is, by position. */
export const fetchStress = async (id: string, signal?: AbortSignal): Promise<Stress> =>
  readable(readStress(await get(`${portfolioPath(id)}/stress`, signal)));

export const askStress = async (id: string, scenario: NewScenario, signal?: AbortSignal): Promise<Stress> =>
  readable(readStress(await post(`${portfolioPath(id)}/stress`, scenario, signal)));

export const storeScenario = async (scenario: NewScenario): Promise<void> => {
  await post("/api/v1/scenarios", scenario);
};

export const deleteScenario = async (name: string): Promise<void> => {
  await call(`/api/v1/scenarios/${encodeURIComponent(name)}`, { method: "DELETE" });
};

export const fetchCovariance = async (
  symbols: readonly string[],
  signal?: AbortSignal,
): Promise<Covariance> =>
  readable(
    readCovariance(
      await get(`/api/v1/covariance?${new URLSearchParams({ symbols: symbols.join(",") })}`, signal),
    ),
  );

/** In the order in which they were told. */
export async function fetchAlerts(since: Date, signal?: AbortSignal): Promise<Alert[]> {
  const search = new URLSearchParams({ since: since.toISOString() });
  const told = await get(`/api/v1/alerts?${search}`, signal);
  return (Array.isArray(told) ? told : []).map(readAlert).filter((alert) => alert !== null);
}

export const acknowledge = async (alert: string): Promise<void> => {
  await post(`/api/v1/alerts/${encodeURIComponent(alert)}/ack`, {});
};

export const fetchLimits = async (id: string, signal?: AbortSignal): Promise<Limit[]> =>
  readLimits(await get(`${portfolioPath(id)}/limits`, signal));

/** All limits of the portfolio, in place of those before. */
export const putLimits = async (id: string, limits: readonly NewLimit[]): Promise<Limit[]> =>
  readLimits(await send("PUT", `${portfolioPath(id)}/limits`, { limits }));

export const fetchReplay = async (signal?: AbortSignal): Promise<Replay> =>
  readable(readReplay(await get("/api/v1/replay", signal)));

export const steerReplay = async (wanted: { speed: string } | { paused: boolean }): Promise<void> => {
  await post("/api/v1/replay", wanted);
};

/** The forecasts of one method held against the newest bars, and what the tests say of all methods. */
export async function fetchBacktest(
  id: string,
  query: { method: Method; confidence: number; bars: number },
  signal?: AbortSignal,
): Promise<Backtest> {
  const { method, confidence, bars } = query;
  const search = new URLSearchParams({ method, confidence: String(confidence), bars: String(bars) });
  return readable(readBacktest(await get(`${portfolioPath(id)}/backtest?${search}`, signal)));
}

export const fetchStoredBacktests = async (signal?: AbortSignal): Promise<StoredBacktest[]> =>
  readStoredBacktests(await get("/api/v1/jobs", signal));

export const fetchStoredResult = async (job: string, signal?: AbortSignal): Promise<StoredResult> =>
  readable(readStoredResult(await get(`/api/v1/jobs/${encodeURIComponent(job)}`, signal)));

/** So long after the day began is looked for its first figures. */
const OPENING_MS = 600_000;

/** The first figures of the day, or of the run where it began later; null where there were none soon. */
export async function fetchOpening(id: string, signal?: AbortSignal): Promise<HistoryPoint | null> {
  const { begins, day_began } = await fetchHistory(id, { resolution: "1h" }, signal);
  if (begins === null || day_began === null) return null;
  const start = Math.max(momentOf(begins), momentOf(day_began));
  const query = { start: new Date(start), end: new Date(start + OPENING_MS), resolution: "30s" };
  const { points } = await fetchHistory(id, query, signal);
  return points.find(({ measures }) => measures.some((measure) => measure.var !== null)) ?? null;
}

/** What moved VaR between two moments of event time; by itself until now. */
export async function fetchExplanation(
  id: string,
  query: { from: Date; to?: Date; method: Method; confidence: number },
  signal?: AbortSignal,
): Promise<Explanation> {
  const { from, to, method, confidence } = query;
  const search = new URLSearchParams({ from: from.toISOString(), method, confidence: String(confidence) });
  if (to !== undefined) search.set("to", to.toISOString());
  return readable(readExplanation(await get(`${portfolioPath(id)}/explain?${search}`, signal)));
}
