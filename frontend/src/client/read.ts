/**
 * Reads what came over the wire into our types. Whatever is missing or not a finite number becomes null; an object
 * that is not what it claims to be becomes null as a whole. Nothing throws: one bad event must not stop the stream.
 */
import type {
  Alert,
  Distribution,
  Feed,
  History,
  HistoryPoint,
  Ledger,
  Measure,
  Part,
  PositionRisk,
  Quality,
  RiskSnapshot,
  Status,
} from "./types.ts";
import { isMethod, isObject, list, number, present, readMoment, readUncovered, text } from "./values.ts";

export function parseJson(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function readMeasure(value: unknown): Measure | null {
  if (!isObject(value) || !isMethod(value.method)) return null;
  const confidence = number(value.confidence);
  if (confidence === null || confidence <= 0 || confidence >= 1) return null;
  return {
    method: value.method,
    confidence,
    var: number(value.var),
    es: number(value.es),
    var_stderr: number(value.var_stderr),
    es_stderr: number(value.es_stderr),
    scenarios: number(value.scenarios),
    reason: text(value.reason),
  };
}

function readPosition(value: unknown): PositionRisk | null {
  if (!isObject(value)) return null;
  const symbol = text(value.symbol);
  const quantity = number(value.quantity);
  if (symbol === null || quantity === null) return null;
  return {
    symbol,
    quantity,
    price: number(value.price),
    market_value: number(value.market_value),
    volatility: number(value.volatility),
    marginal_var: number(value.marginal_var),
    component_var: number(value.component_var),
    component_es: number(value.component_es),
    stale: value.stale === true,
    currency: text(value.currency),
    average_price: number(value.average_price),
    realised_pnl: number(value.realised_pnl),
    unrealised_pnl: number(value.unrealised_pnl),
  };
}

/** A rate as a row beside the positions: with it their components add up. Its quantity is the amount of the currency. */
function readCurrency(value: unknown): PositionRisk | null {
  if (!isObject(value)) return null;
  const currency = text(value.currency);
  const rate = number(value.rate);
  const exposure = number(value.exposure);
  if (currency === null || rate === null || exposure === null || rate === 0) return null;
  const row = { ...value, symbol: `${currency} (rate)`, quantity: exposure / rate, price: rate };
  return readPosition({ ...row, market_value: exposure, currency });
}

function readDistribution(value: unknown): Distribution | null {
  if (!isObject(value) || !isMethod(value.method)) return null;
  const edges = list(value.edges).map(number).filter(present);
  const counts = list(value.counts).map(number).filter(present);
  const rising = edges.every((edge, i) => i === 0 || edge > (edges[i - 1] ?? edge));
  if (counts.length === 0 || edges.length !== counts.length + 1 || !rising) return null;
  return { method: value.method, edges, counts };
}

function readQuality(value: unknown): Quality {
  const quality = isObject(value) ? value : {};
  return {
    observations: number(quality.observations) ?? 0,
    stale: list(quality.stale).map(text).filter(present),
    uncovered: list(quality.uncovered).map(readUncovered).filter(present),
    late: number(quality.late) ?? 0,
    rejected: number(quality.rejected) ?? 0,
    gaps: number(quality.gaps) ?? 0,
    scaled_from: text(quality.scaled_from) ?? "",
    journal_offset: number(quality.journal_offset) ?? 0,
    settings: text(quality.settings) ?? "",
    lag_ms: number(quality.lag_ms),
  };
}

const readMeasures = (value: unknown): Measure[] => list(value).map(readMeasure).filter(present);

export function readRisk(value: unknown): RiskSnapshot | null {
  if (!isObject(value) || value.schema !== 1) return null;
  const portfolio = text(value.portfolio);
  const eventTime = readMoment(value.event_time);
  if (portfolio === null || eventTime === null || !Array.isArray(value.measures)) return null;
  return {
    portfolio,
    desk: text(value.desk),
    seq: number(value.seq) ?? 0,
    event_time: eventTime,
    published_at: readMoment(value.published_at),
    base_currency: text(value.base_currency) ?? "USD",
    horizon: text(value.horizon) ?? "1d",
    market_value: number(value.market_value),
    gross: number(value.gross),
    net: number(value.net),
    pnl_today: number(value.pnl_today),
    measures: readMeasures(value.measures),
    positions: [
      ...list(value.positions).map(readPosition),
      ...list(value.currencies).map(readCurrency),
    ].filter(present),
    distribution: readDistribution(value.distribution),
    quality: readQuality(value.quality),
  };
}

export function readAlert(value: unknown): Alert | null {
  if (!isObject(value) || value.schema !== 1) return null;
  const id = text(value.id);
  const portfolio = text(value.portfolio);
  const eventTime = readMoment(value.event_time);
  const { state, level } = value;
  if (id === null || portfolio === null || eventTime === null) return null;
  if (state !== "firing" && state !== "resolved" && state !== "acknowledged") return null;
  if (level !== "warning" && level !== "breach") return null;
  return {
    id,
    portfolio,
    rule: text(value.rule) ?? "limit",
    method: isMethod(value.method) ? value.method : null,
    confidence: number(value.confidence),
    scenario: text(value.scenario),
    state,
    level,
    value: number(value.value),
    limit: number(value.limit),
    event_time: eventTime,
    since: readMoment(value.since) ?? eventTime,
    reason: text(value.reason),
    silenced: value.silenced === true,
  };
}

function readPart(value: unknown): Part | null {
  if (!isObject(value)) return null;
  const name = text(value.name);
  if (name === null) return null;
  const { state } = value;
  const known = state === "ok" || state === "degraded" || state === "down";
  return { name, state: known ? state : "unknown", reason: text(value.reason), age_s: number(value.age_s) };
}

function readFeed(value: unknown): Feed | null {
  if (!isObject(value)) return null;
  const name = text(value.name);
  if (name === null) return null;
  return {
    name,
    state: text(value.state) ?? "unknown",
    reason: text(value.reason),
    age_s: number(value.age_s),
    frames: number(value.frames),
    rate: number(value.rate),
    reconnects: number(value.reconnects),
    missing: number(value.missing),
    lag_ms: number(value.lag_ms),
  };
}

function readLedger(value: unknown): Ledger | null {
  if (!isObject(value)) return null;
  const count = (name: string): number => number(value[name]) ?? 0;
  const rejected = Object.entries(isObject(value.rejected) ? value.rejected : {});
  return {
    received: count("received"),
    accepted: count("accepted"),
    duplicate: count("duplicate"),
    late: count("late"),
    missing: count("missing"),
    rejected: Object.fromEntries(rejected.map(([reason, times]) => [reason, number(times) ?? 0])),
  };
}

export function readStatus(value: unknown): Status | null {
  if (!isObject(value)) return null;
  return {
    server_time: readMoment(value.server_time),
    run: text(value.run),
    clients: number(value.clients),
    undelivered: number(value.undelivered),
    risk_age_s: number(value.risk_age_s),
    parts: list(value.parts).map(readPart).filter(present),
    feeds: list(value.feeds).map(readFeed).filter(present),
    ledger: readLedger(value.ledger),
  };
}

function readHistoryPoint(value: unknown): HistoryPoint | null {
  if (!isObject(value)) return null;
  const eventTime = readMoment(value.event_time);
  if (eventTime === null) return null;
  return {
    event_time: eventTime,
    market_value: number(value.market_value),
    pnl_today: number(value.pnl_today),
    measures: readMeasures(value.measures),
  };
}

export function readHistory(value: unknown): History {
  const history = isObject(value) ? value : {};
  return {
    begins: readMoment(history.begins),
    day_began: readMoment(history.day_began),
    points: list(history.points).map(readHistoryPoint).filter(present),
  };
}

/** Ids of the portfolios in the API's list, the largest by gross exposure first: that one is shown when none is chosen. */
export const readPortfolioIds = (value: unknown): string[] =>
  list(isObject(value) ? value.portfolios : value)
    .filter(isObject)
    .toSorted((one, other) => (number(other.gross) ?? 0) - (number(one.gross) ?? 0))
    .map((item) => text(item.portfolio))
    .filter(present);
