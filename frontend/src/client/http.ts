/** The few calls the dashboard makes; errors are problem+json and carry a sentence a person can read. */
import { readHistory, readPortfolioIds, readRisk } from "./read.ts";
import type { HistoryPoint, RiskSnapshot } from "./types.ts";

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

async function get(path: string, signal?: AbortSignal): Promise<unknown> {
  const response = await fetch(path, {
    headers: { accept: "application/json" },
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

const portfolioPath = (id: string): string => `/api/v1/portfolios/${encodeURIComponent(id)}`;

export const fetchPortfolioIds = async (signal?: AbortSignal): Promise<string[]> =>
  readPortfolioIds(await get("/api/v1/portfolios", signal));

export const fetchRisk = async (id: string, signal?: AbortSignal): Promise<RiskSnapshot | null> =>
  readRisk(await get(`${portfolioPath(id)}/risk`, signal));

export async function fetchHistory(
  id: string,
  query: { start: Date; resolution: string },
  signal?: AbortSignal,
): Promise<HistoryPoint[]> {
  const search = new URLSearchParams({ start: query.start.toISOString(), resolution: query.resolution });
  return readHistory(await get(`${portfolioPath(id)}/risk/history?${search}`, signal));
}
