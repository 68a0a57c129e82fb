/** Reads the running backtest; see read.ts for the rules. */
import type { Backtest, BacktestPoint, ForecastTest, LikelihoodTest } from "./types.ts";
import { isMethod, isObject, list, number, present, readMoment, text } from "./values.ts";

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
  if (!isObject(value) || !isMethod(value.method)) return null;
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
