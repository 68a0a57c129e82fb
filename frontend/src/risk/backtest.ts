/** The running backtest as it is drawn and told. */
import type { BacktestPoint, ForecastTest, LikelihoodTest, Pnl } from "../client/types.ts";
import { momentOf } from "../format/time.ts";

export interface JudgedRow {
  moment: number;
  pnl: number;
  /** The loss that the forecast allows, as P&L: -VaR; null where there was no forecast. */
  allowed: number | null;
  /** The P&L of a bar that lost more, or had no forecast; null of all others. */
  exception: number | null;
}

const pnlOf = (point: BacktestPoint, pnl: Pnl): number =>
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
