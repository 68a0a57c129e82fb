import type { Alert, Measure, Method, PositionRisk, RiskSnapshot, Status } from "../src/client/types.ts";
import type { Source } from "../src/stream/stream.ts";

export const measure = (method: Method, confidence: number, value: number | null): Measure => ({
  method,
  confidence,
  var: value,
  es: value === null ? null : value * 1.15,
  var_stderr: method === "monte_carlo" && value !== null ? value * 0.016 : null,
  es_stderr: method === "monte_carlo" && value !== null ? value * 0.019 : null,
  scenarios: method === "parametric" ? null : 10_000,
  reason: value === null ? "warming up: 12 of 30 bars" : null,
});

export const position = (symbol: string, componentVar: number | null): PositionRisk => ({
  symbol,
  quantity: 10,
  price: 100,
  market_value: 1000,
  volatility: 0.01,
  marginal_var: componentVar === null ? null : componentVar / 1000,
  component_var: componentVar,
  component_es: componentVar === null ? null : componentVar * 1.15,
  stale: false,
  currency: "USD",
  average_price: 90,
  realised_pnl: 12.5,
  unrealised_pnl: 100,
});

export function snapshot(change: Partial<RiskSnapshot> = {}): RiskSnapshot {
  return {
    portfolio: "main",
    desk: null,
    seq: 1,
    event_time: "2026-11-22T09:30:00.000000000Z",
    published_at: "2026-11-22T09:30:00.004000000Z",
    base_currency: "USD",
    horizon: "1d",
    market_value: 100_000,
    gross: 120_000,
    net: 100_000,
    pnl_today: -250.5,
    measures: [
      measure("parametric", 0.95, 700),
      measure("parametric", 0.99, 1000),
      measure("historical", 0.99, 1100),
      measure("monte_carlo", 0.99, 1010),
    ],
    positions: [position("AAA", 900), position("BBB", 300), position("CCC", -200)],
    distribution: {
      method: "monte_carlo",
      edges: [-2000, -1000, 0, 1000, 2000],
      counts: [100, 4900, 4900, 100],
    },
    quality: {
      observations: 500,
      stale: [],
      uncovered: [],
      late: 0,
      rejected: 0,
      gaps: 0,
      scaled_from: "60s",
      journal_offset: 42,
      settings: "9f3c51d2",
      lag_ms: 3,
    },
    ...change,
  };
}

export const alert = (change: Partial<Alert> = {}): Alert => ({
  id: "1",
  portfolio: "main",
  rule: "var",
  method: "historical",
  confidence: 0.99,
  scenario: null,
  state: "firing",
  level: "breach",
  value: 2,
  limit: 1,
  since: "2026-11-22T09:30:00Z",
  event_time: "2026-11-22T09:30:00Z",
  reason: null,
  silenced: false,
  ...change,
});

export const status = (change: Partial<Status> = {}): Status => ({
  server_time: null,
  run: "live",
  clients: 1,
  undelivered: 0,
  risk_age_s: 0.1,
  parts: [],
  feeds: [],
  ledger: null,
  ...change,
});

/** The same snapshot some seconds later. */
export const later = (seconds: number, change: Partial<RiskSnapshot> = {}): RiskSnapshot => {
  const moment = new Date(Date.parse("2026-11-22T09:30:00Z") + seconds * 1000).toISOString();
  return snapshot({ seq: 1 + Math.ceil(seconds), event_time: moment, published_at: moment, ...change });
};

export const wire = (value: RiskSnapshot): string =>
  JSON.stringify({ schema: 1, stress: [], explain: [], ...value });

export class FakeSource implements Source {
  static made: FakeSource[] = [];
  readyState = 0;
  closed = false;
  readonly url: string;
  readonly #listeners = new Map<string, ((event: MessageEvent<string>) => void)[]>();

  constructor(url: string) {
    this.url = url;
    FakeSource.made.push(this);
  }

  static get last(): FakeSource {
    const last = FakeSource.made.at(-1);
    if (last === undefined) throw new Error("no source has been made");
    return last;
  }

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  close(): void {
    this.closed = true;
  }

  emit(type: string, data = "", lastEventId = ""): void {
    const event = new MessageEvent(type, { data, lastEventId });
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}
