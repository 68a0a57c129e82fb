/**
 * What the stream and the API say. The shapes are generated from the OpenAPI document; here they are only narrowed to
 * what the page reads, and widened by the null that stands for whatever arrives unusable.
 */
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];

export type Measure = Schemas["Measure"];
export type Method = Measure["method"];
/** A method, or the variant of one that only a stored backtest has. */
export type ForecastMethod = Method | "historical filtered";
export type PositionRisk = Schemas["PositionRisk"];
export type Distribution = Schemas["Distribution"];
export type Uncovered = Schemas["Uncovered"];
export type Quality = Schemas["Quality"];
export type Part = Pick<Schemas["Part"], "name" | "state" | "reason" | "age_s">;
export type Feed = Required<Schemas["Feed"]>;
export type Ledger = Pick<
  Schemas["Ledger"],
  "received" | "accepted" | "duplicate" | "late" | "missing" | "rejected"
>;

/** One moment of a portfolio's history: the figures without positions and distribution. */
export type HistoryPoint = Pick<
  Schemas["HistoryPoint"],
  "event_time" | "market_value" | "pnl_today" | "measures"
>;

export type History = Pick<Schemas["History"], "begins"> & { day_began: string | null } & {
  points: HistoryPoint[];
};

export type Alert = Pick<
  Schemas["Alert"],
  | "id"
  | "portfolio"
  | "rule"
  | "method"
  | "confidence"
  | "scenario"
  | "state"
  | "level"
  | "value"
  | "limit"
  | "event_time"
  | "since"
  | "reason"
  | "silenced"
>;

export type Explanation = Pick<
  Schemas["Explanation"],
  | "method"
  | "confidence"
  | "start"
  | "end"
  | "var_from"
  | "var_to"
  | "trades"
  | "prices"
  | "covariance"
  | "scenarios"
  | "unexplained"
>;
export type Limit = Schemas["Limit"];
export type NewLimit = Schemas["NewLimit"];
export type Candidate = Schemas["Candidate"];
export type NewTrade = Pick<Schemas["NewTrade"], "trade_id"> & Candidate & { portfolio: string };
export type MeasureChange = Schemas["MeasureChange"];
export type ComponentChange = Schemas["ComponentChange"];
export type WhatIf = Pick<
  Schemas["WhatIf"],
  "portfolio" | "event_time" | "base_currency" | "measures" | "components" | "uncovered"
>;

export type Scenario = Pick<
  Schemas["Scenario"],
  "name" | "description" | "source" | "built_in" | "everything" | "propagate"
> & {
  groups: ShockedGroup[];
  instruments: Record<string, number>;
  /** Bars of the past that come again, in place of shocks. */
  episode: { bars: number } | null;
};
export type ShockedGroup = Schemas["ShockedGroup"];
export type NewScenario = Pick<
  Schemas["NewScenario"],
  "name" | "everything" | "groups" | "instruments" | "propagate"
>;
export type PositionPnl = Schemas["PositionPnl"];
export type ScenarioPnl = Schemas["ScenarioPnl"];
export type Stress = Pick<
  Schemas["Stress"],
  "portfolio" | "event_time" | "base_currency" | "market_value" | "results" | "uncovered"
>;
export type Covariance = Pick<
  Schemas["Covariance"],
  "event_time" | "symbols" | "bar" | "observations" | "volatilities" | "correlation" | "conditioning"
>;

export type LikelihoodTest = Schemas["LikelihoodTest"];
export type ForecastTest = Pick<
  Schemas["ForecastTest"],
  | "confidence"
  | "pnl"
  | "bars"
  | "exceptions"
  | "expected"
  | "kupiec"
  | "independence"
  | "conditional_coverage"
  | "first_failure"
  | "z2"
  | "verdict"
> & { method: ForecastMethod; light: Pick<Schemas["Light"], "zone" | "reason"> };
export type Pnl = ForecastTest["pnl"];
/** A day of a stored one may have no price, and so no P&L. */
export type BacktestPoint = Omit<Schemas["BacktestPoint"], "hypothetical_pnl" | "actual_pnl"> &
  Nullable<Pick<Schemas["BacktestPoint"], "hypothetical_pnl" | "actual_pnl">>;
export type Backtest = Pick<Schemas["Backtest"], "confidence"> & {
  method: ForecastMethod;
  base_currency: string;
  points: BacktestPoint[];
  tests: ForecastTest[];
};
/** A finished backtest over a history of days, and where it is kept. */
export interface StoredBacktest {
  job: string;
  portfolio: string;
  history: string;
  finished: string;
}
/** Its days, and the forecasts that were made for them. */
export interface StoredResult {
  portfolio: string;
  base_currency: string;
  dates: string[];
  pnl: (number | null)[];
  forecasts: { method: ForecastMethod; confidence: number; var: (number | null)[] }[];
  tests: ForecastTest[];
}

export type Replay = Pick<
  Schemas["Replay"],
  "state" | "fraction" | "event_time" | "ticks" | "speed" | "paused"
>;

type Snapshot = Schemas["RiskSnapshot"];
type Nullable<T> = { [K in keyof T]: T[K] | null };

export type RiskSnapshot = Pick<
  Snapshot,
  | "portfolio"
  | "seq"
  | "event_time"
  | "published_at"
  | "base_currency"
  | "horizon"
  | "measures"
  | "distribution"
  | "quality"
> &
  Nullable<Pick<Snapshot, "market_value" | "gross" | "net" | "pnl_today">> & {
    positions: PositionRisk[];
    desk: string | null;
  };

/** The `status` event, as much of it as the page shows. */
export type Status = Nullable<
  Pick<Schemas["Health"], "server_time" | "run" | "clients" | "undelivered" | "risk_age_s">
> & {
  parts: Part[];
  feeds: Feed[];
  ledger: Ledger | null;
};

export const METHODS: readonly Method[] = ["parametric", "historical", "monte_carlo"];

export const METHOD_NAMES: Record<Method, string> = {
  parametric: "Parametric",
  historical: "Historical",
  monte_carlo: "Monte Carlo",
};

export const FORECAST_METHODS: readonly ForecastMethod[] = [...METHODS, "historical filtered"];

export const FORECAST_NAMES: Record<ForecastMethod, string> = {
  ...METHOD_NAMES,
  "historical filtered": "Historical, filtered",
};

/** The method that a variant is one of. */
export const methodOf = (forecast: ForecastMethod): Method =>
  forecast === "historical filtered" ? "historical" : forecast;
