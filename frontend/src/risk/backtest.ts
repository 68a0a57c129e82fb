/** A backtest, running or stored, as it is drawn and told. */
import type {
  Backtest,
  BacktestPoint,
  ForecastMethod,
  ForecastTest,
  LikelihoodTest,
  Pnl,
  StoredResult,
} from "../client/types.ts";
import { momentOf } from "../format/time.ts";

export interface JudgedRow {
  moment: number;
  pnl: number | null;
  /** The loss that the forecast allows, as P&L: -VaR; null where there was no forecast. */
  allowed: number | null;
  /** The P&L of a bar that lost more, or had no forecast; null of all others. */
  exception: number | null;
}

const pnlOf = (point: BacktestPoint, pnl: Pnl): number | null =>
  pnl === "actual" ? point.actual_pnl : point.hypothetical_pnl;

const isException = (point: BacktestPoint, pnl: Pnl): boolean =>
  pnl === "actual" ? point.actual_exception : point.hypothetical_exception;

export const judgedRows = (points: readonly BacktestPoint[], pnl: Pnl): JudgedRow[] =>
  points.map((point) => ({
    moment: momentOf(point.event_time),
    pnl: pnlOf(point, pnl),
    allowed: point.var === null ? null : 0 - point.var,
    exception: isException(point, pnl) ? pnlOf(point, pnl) : null,
  }));

/** The forecasts of one method held against the days that are stored; a day without P&L or forecast is an exception. */
export function judgedBy(stored: StoredResult, method: ForecastMethod, confidence: number): Backtest {
  const made = stored.forecasts.find((one) => one.method === method && one.confidence === confidence);
  const points = stored.dates.map((date, i): BacktestPoint => {
    const pnl = stored.pnl[i] ?? null;
    const value = made?.var[i] ?? null;
    const isBeyond = pnl === null || value === null || pnl + value < 0;
    return {
      // A day, in whatever zone it is read.
      event_time: `${date}T00:00:00`,
      hypothetical_pnl: pnl,
      actual_pnl: null,
      var: value,
      es: null,
      hypothetical_exception: isBeyond,
      actual_exception: false,
    };
  });
  const { base_currency, tests } = stored;
  return { base_currency, method, confidence, points: made === undefined ? [] : points, tests };
}

export const exceptionsOf = (points: readonly BacktestPoint[], pnl: Pnl): number =>
  points.filter((point) => isException(point, pnl)).length;

/** Below it a test speaks against the forecasts. */
const LEVEL = 0.05;

export const speaksAgainst = ({ p_value }: LikelihoodTest): boolean => p_value !== null && p_value < LEVEL;

export const TESTS = [
  ["kupiec", "Kupiec", "Is the number of exceptions right?"],
  ["independence", "Independence", "Do exceptions follow each other (Christoffersen)?"],
  ["conditional_coverage", "Both", "Number and independence at once (Christoffersen)"],
  ["first_failure", "First", "Did the first exception come when it should (Kupiec)?"],
] as const satisfies readonly (readonly [keyof ForecastTest, string, string])[];
