/** What the stream and the API say, field by field; the contract may add fields, never take one away. */

export type Method = "parametric" | "historical" | "monte_carlo";

export interface Measure {
  method: Method;
  confidence: number;
  var: number | null;
  es: number | null;
  var_stderr: number | null;
  es_stderr: number | null;
  scenarios: number | null;
  reason: string | null;
}

export interface PositionRisk {
  symbol: string;
  quantity: number;
  price: number | null;
  market_value: number | null;
  volatility: number | null;
  marginal_var: number | null;
  component_var: number | null;
  component_es: number | null;
  stale: boolean;
}

export interface Distribution {
  method: Method;
  edges: number[];
  counts: number[];
}

export interface Uncovered {
  symbol: string;
  reason: string;
}

export interface Quality {
  observations: number;
  stale: string[];
  uncovered: Uncovered[];
  late: number;
  rejected: number;
  gaps: number;
  scaled_from: string | null;
  journal_offset: number | null;
  settings: string | null;
  lag_ms: number | null;
}

export interface RiskSnapshot {
  portfolio: string;
  seq: number;
  event_time: string;
  published_at: string | null;
  base_currency: string;
  horizon: string;
  market_value: number | null;
  gross: number | null;
  net: number | null;
  pnl_today: number | null;
  measures: Measure[];
  positions: PositionRisk[];
  distribution: Distribution | null;
  quality: Quality;
}

export interface Alert {
  id: string;
  portfolio: string;
  rule: string;
  state: "firing" | "resolved" | "acknowledged";
  level: "warning" | "breach";
  value: number | null;
  limit: number | null;
  event_time: string;
}

export interface Part {
  name: string;
  state: "ok" | "degraded" | "down" | "unknown";
  reason: string | null;
}

/** The `status` event, as much of it as the page shows. */
export interface Status {
  server_time: string | null;
  run: string | null;
  parts: Part[];
}

/** One moment of a portfolio's history: the figures without positions and distribution. */
export interface HistoryPoint {
  event_time: string;
  market_value: number | null;
  measures: Measure[];
}

export const METHODS: readonly Method[] = ["parametric", "historical", "monte_carlo"];

export const METHOD_NAMES: Record<Method, string> = {
  parametric: "Parametric",
  historical: "Historical",
  monte_carlo: "Monte Carlo",
};
