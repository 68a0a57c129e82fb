/** The books of the mock: each shows the page in one of its states. */
import type { PositionRisk, RiskSnapshot } from "../src/client/types.ts";
import { figuresOf, histogramOf, type Shape } from "./figures.ts";
import { type Instrument, type Market, normal, type Random, seeded } from "./market.ts";

export type Condition = "live" | "warming" | "empty" | "gone_stale";

export interface Holding {
  instrument: Instrument;
  quantity: number;
}

export interface Book {
  id: string;
  condition: Condition;
  holdings: Holding[];
  seq: number;
  observations: number;
  startValue: number;
  shape: Shape;
  random: Random;
}

const BARS_IN_HORIZON = 1440;

function holdings(market: Market, wanted: (instrument: Instrument) => boolean, seed: number, short: number) {
  const random = seeded(seed);
  return market.instruments.filter(wanted).map((instrument) => {
    const sign = random() < short ? -1 : 1;
    const exposure = Math.exp(9.2 + random() * 2.6) * sign;
    const lot = instrument.price > 1000 ? 1000 : 1;
    return { instrument, quantity: Math.round((exposure / instrument.price) * lot) / lot };
  });
}

function book(id: string, condition: Condition, held: Holding[], seed: number): Book {
  const startValue = held.reduce((sum, { instrument, quantity }) => sum + quantity * instrument.price, 0);
  const shape = { historical: 1.06, monteCarlo: 0.995 };
  return {
    id,
    condition,
    holdings: held,
    seq: 0,
    observations: 500,
    startValue,
    shape,
    random: seeded(seed),
  };
}

export function books(market: Market): Book[] {
  const isCoin = ({ symbol }: Instrument) => symbol.endsWith("-USD");
  const isShare = (instrument: Instrument) => !isCoin(instrument);
  const few = new Set(["BTC-USD", "ETH-USD"]);
  return [
    book("main", "live", holdings(market, isShare, 11, 0.25), 1),
    book("crypto", "live", holdings(market, isCoin, 12, 0.15), 2),
    book(
      "market-neutral",
      "live",
      holdings(market, ({ group }) => group < 3, 13, 0.5),
      3,
    ),
    {
      ...book(
        "new-book",
        "warming",
        holdings(market, ({ symbol }) => few.has(symbol), 14, 0),
        4,
      ),
      observations: 4,
    },
    book("empty", "empty", [], 5),
    book(
      "stale-feed",
      "gone_stale",
      holdings(market, ({ group }) => group === 1, 15, 0.2),
      6,
    ),
  ];
}

interface Exposures {
  weights: number[];
  /** Covariance times weights, over the horizon. */
  sensitivity: number[];
  sigma: number;
}

export function exposuresOf(market: Market, { holdings: held }: Book): Exposures {
  const weights = held.map(({ instrument, quantity }) => instrument.price * quantity);
  const sensitivity = held.map(
    (row) =>
      BARS_IN_HORIZON *
      held.reduce(
        (sum, other, j) => sum + market.covariance(row.instrument, other.instrument) * (weights[j] ?? 0),
        0,
      ),
  );
  const variance = sensitivity.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);
  return { weights, sensitivity, sigma: Math.sqrt(Math.max(0, variance)) };
}

const Z99 = 2.32634787404;
const ES99 = 2.66521422035;
/** These two of `main` show a position that is stale and one that nobody prices. */
const STALE = "HLT04";
const UNCOVERED = { symbol: "IND07", reason: "no price yet" };

function positionsOf(market: Market, source: Book, exposures: Exposures): PositionRisk[] {
  const warming = source.condition === "warming";
  return source.holdings.map(({ instrument, quantity }, i) => {
    const weight = exposures.weights[i] ?? 0;
    const slope = exposures.sigma === 0 ? 0 : (exposures.sensitivity[i] ?? 0) / exposures.sigma;
    const uncovered = source.id === "main" && instrument.symbol === UNCOVERED.symbol;
    const blank = warming || uncovered;
    return {
      symbol: instrument.symbol,
      quantity,
      price: uncovered ? null : instrument.price,
      market_value: uncovered ? null : weight,
      volatility: blank ? null : market.volatilityOf(instrument),
      marginal_var: blank ? null : slope * Z99,
      component_var: blank ? null : weight * slope * Z99,
      component_es: blank ? null : weight * slope * ES99 * source.shape.monteCarlo,
      stale: source.id === "main" && instrument.symbol === STALE,
      currency: "USD",
      average_price: null,
      realised_pnl: null,
      unrealised_pnl: null,
    };
  });
}

function withoutUncovered(source: Book): Book {
  if (source.id !== "main") return source;
  return {
    ...source,
    holdings: source.holdings.filter(({ instrument }) => instrument.symbol !== UNCOVERED.symbol),
  };
}

function totalsOf(positions: PositionRisk[]) {
  const values = positions.map(({ market_value }) => market_value ?? 0);
  return {
    market_value: values.reduce((sum, value) => sum + value, 0),
    gross: values.reduce((sum, value) => sum + Math.abs(value), 0),
    net: values.reduce((sum, value) => sum + value, 0),
  };
}

export type Payload = RiskSnapshot & { schema: 1; stress: never[]; explain: never[] };

/** The next snapshot of a book; the scenario figures wander about the closed form as those of an engine do. */
export function nextSnapshot(
  market: Market,
  source: Book,
  eventTime: number,
  publishedAt: number | null,
): Payload {
  source.seq += 1;
  source.shape.historical += (1.06 - source.shape.historical) * 0.02 + 0.003 * normal(source.random);
  source.shape.monteCarlo += (0.998 - source.shape.monteCarlo) * 0.02 + 0.0012 * normal(source.random);
  const covered = exposuresOf(market, withoutUncovered(source));
  const all = exposuresOf(market, source);
  const positions = positionsOf(market, source, { ...all, ...spread(market, source, covered) });
  const warming = source.condition === "warming";
  const reason = warming ? `warming up: ${source.observations} of 30 bars` : null;
  const isMain = source.id === "main";
  return {
    schema: 1,
    portfolio: source.id,
    desk: null,
    seq: source.seq,
    event_time: moment(eventTime),
    published_at: publishedAt === null ? null : moment(publishedAt),
    base_currency: "USD",
    horizon: "1d",
    ...totalsOf(positions),
    pnl_today: totalsOf(positions).market_value - source.startValue,
    measures: figuresOf(covered.sigma, source.shape, reason),
    positions,
    distribution: warming || covered.sigma === 0 ? null : histogramOf(covered.sigma, source.shape.monteCarlo),
    stress: [],
    explain: [],
    quality: {
      observations: source.observations,
      stale: isMain ? [STALE] : [],
      uncovered: isMain ? [UNCOVERED] : [],
      late: isMain ? 3 : 0,
      rejected: isMain ? 1 : 0,
      gaps: 0,
      scaled_from: "60s",
      journal_offset: 184_220 + source.seq * 37,
      settings: "9f3c51d2",
      lag_ms: publishedAt === null ? null : 4 + source.random() * 5,
    },
  };
}

/** Sensitivities of every position to the covered book, whose components then add up to its VaR. */
function spread(market: Market, source: Book, covered: Exposures): Pick<Exposures, "sensitivity" | "sigma"> {
  const held = withoutUncovered(source).holdings;
  const sensitivity = source.holdings.map(
    ({ instrument }) =>
      BARS_IN_HORIZON *
      held.reduce(
        (sum, other, j) => sum + market.covariance(instrument, other.instrument) * (covered.weights[j] ?? 0),
        0,
      ),
  );
  return { sensitivity, sigma: covered.sigma };
}

const moment = (milliseconds: number): string => new Date(milliseconds).toISOString().replace("Z", "417250Z");
