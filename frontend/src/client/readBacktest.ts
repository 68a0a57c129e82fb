/** Reads the running backtest and those that are stored; see read.ts for the rules. */
import type {
  Backtest,
  BacktestPoint,
  ForecastTest,
  LikelihoodTest,
  StoredBacktest,
  StoredResult,
} from "./types.ts";
import { isForecastMethod, isMethod, isObject, list, number, present, readMoment, text } from "./values.ts";

function readPoint(value: unknown): BacktestPoint | null {
  if (!isObject(value)) return null;
  const eventTime = readMoment(value.event_time);
  const hypothetical = number(value.hypothetical_pnl);
  const actual = number(value.actual_pnl);
  if (eventTime === null || hypothetical === null || actual === null) return null;
  return {
    event_time: eventTime,
    hypothetical_pnl: hypothetical,
    actual_pnl: actual,
    var: number(value.var),
    es: number(value.es),
    hypothetical_exception: value.hypothetical_exception === true,
    actual_exception: value.actual_exception === true,
  };
}

function readTest(value: unknown): LikelihoodTest {
  const test = isObject(value) ? value : {};
  return { statistic: number(test.statistic), p_value: number(test.p_value), reason: text(test.reason) };
}

const ZONES = ["green", "yellow", "red"] as const;

function readForecastTest(value: unknown): ForecastTest | null {
  if (!isObject(value) || !isForecastMethod(value.method)) return null;
  const confidence = number(value.confidence);
  const light = isObject(value.light) ? value.light : {};
  const zone = ZONES.find((one) => one === light.zone);
  const { pnl } = value;
  if (confidence === null || zone === undefined || (pnl !== "hypothetical" && pnl !== "actual")) return null;
  return {
    method: value.method,
    confidence,
    pnl,
    bars: number(value.bars) ?? 0,
    exceptions: number(value.exceptions) ?? 0,
    expected: number(value.expected) ?? 0,
    kupiec: readTest(value.kupiec),
    independence: readTest(value.independence),
    conditional_coverage: readTest(value.conditional_coverage),
    first_failure: readTest(value.first_failure),
    light: { zone, reason: text(light.reason) },
    z2: readTest(value.z2),
    verdict: text(value.verdict) ?? "",
  };
}

export function readBacktest(value: unknown): Backtest | null {
  if (!isObject(value) || value.schema !== 1 || !isMethod(value.method)) return null;
  const confidence = number(value.confidence);
  if (confidence === null) return null;
  return {
    base_currency: text(value.base_currency) ?? "USD",
    method: value.method,
    confidence,
    points: list(value.points).map(readPoint).filter(present),
    tests: list(value.tests).map(readForecastTest).filter(present),
  };
}

function readStored(value: unknown): StoredBacktest | null {
  if (!isObject(value) || value.kind !== "backtest" || value.state !== "done") return null;
  const job = text(value.id);
  const portfolio = text(value.portfolio);
  const history = text(isObject(value.request) ? value.request.history : null);
  const finished = readMoment(value.finished);
  if (job === null || portfolio === null || history === null || finished === null) return null;
  return { job, portfolio, history, finished };
}

/** The backtests among the jobs that are done, the newest first. */
export const readStoredBacktests = (value: unknown): StoredBacktest[] =>
  list(value).map(readStored).filter(present);

function readForecasts(value: unknown): StoredResult["forecasts"][number] | null {
  if (!isObject(value) || !isForecastMethod(value.method)) return null;
  const confidence = number(value.confidence);
  return confidence === null ? null : { method: value.method, confidence, var: list(value.var).map(number) };
}

export function readStoredResult(value: unknown): StoredResult | null {
  const job = isObject(value) ? value : {};
  const portfolio = text(job.portfolio);
  const { result } = job;
  if (portfolio === null || !isObject(result) || result.kind !== "backtest") return null;
  return {
    portfolio,
    base_currency: text(result.base_currency) ?? "USD",
    dates: list(result.dates).map(text).filter(present),
    pnl: list(result.pnl).map(number),
    forecasts: list(result.forecasts).map(readForecasts).filter(present),
    tests: list(result.tests).map(readForecastTest).filter(present),
  };
}
