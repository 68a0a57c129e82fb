/** A small invented market: instruments in groups that move together, with fat tails and shifting volatility. */

export type Random = () => number;

/** mulberry32: the same seed gives the same market. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

export interface Instrument {
  symbol: string;
  group: number;
  price: number;
  /** Standard deviation of the return of one bar of a minute. */
  volatility: number;
  loading: number;
}

const SECTORS = ["TEC", "FIN", "NRG", "HLT", "IND", "FXR"];
const COINS: readonly [string, number][] = [
  ["BTC-USD", 96_412.5],
  ["ETH-USD", 3_318.4],
  ["SOL-USD", 241.07],
  ["XRP-USD", 1.4212],
  ["ADA-USD", 0.9813],
  ["LINK-USD", 15.62],
  ["DOGE-USD", 0.41153],
];

export class Market {
  readonly instruments: Instrument[];
  readonly #random: Random;
  readonly #heat: number[];

  constructor(seed = 7, shares = 60) {
    this.#random = seeded(seed);
    this.instruments = [
      ...COINS.map(([symbol, price]) => this.#coin(symbol, price)),
      ...this.#shares(shares),
    ];
    this.#heat = [...SECTORS, "COIN"].map(() => 1);
  }

  #coin(symbol: string, price: number): Instrument {
    return {
      symbol,
      price,
      group: SECTORS.length,
      volatility: 0.0006 + this.#random() * 0.0007,
      loading: 0.8,
    };
  }

  #shares(count: number): Instrument[] {
    return Array.from({ length: count }, (_, i) => {
      const group = i % SECTORS.length;
      const symbol = `${SECTORS[group]}${String(Math.floor(i / SECTORS.length) + 1).padStart(2, "0")}`;
      const price = Math.exp(2.5 + this.#random() * 3.5);
      const loading = 0.45 + this.#random() * 0.4;
      return { symbol, group, price, volatility: 0.0003 + this.#random() * 0.0007, loading };
    });
  }

  /** Moves every price by `minutes` of market time. */
  move(minutes: number): void {
    const common = normal(this.#random);
    const groups = this.#heat.map(() => 0.55 * common + 0.84 * normal(this.#random));
    this.#heat.forEach((heat, i) => {
      const shock = this.#random() < 0.1 * minutes ? 0.2 : 0;
      this.#heat[i] = Math.max(
        0.6,
        heat + (1 - heat) * 0.4 * minutes + 0.06 * Math.sqrt(minutes) * normal(this.#random) + shock,
      );
    });
    for (const instrument of this.instruments) {
      const own = normal(this.#random) * (this.#random() < 0.03 ? 3 : 1);
      const factor = groups[instrument.group] ?? 0;
      const draw = instrument.loading * factor + Math.sqrt(1 - instrument.loading ** 2) * own;
      instrument.price *= Math.exp(this.volatilityOf(instrument) * Math.sqrt(minutes) * draw);
    }
  }

  volatilityOf(instrument: Instrument): number {
    return instrument.volatility * (this.#heat[instrument.group] ?? 1);
  }

  covariance(a: Instrument, b: Instrument): number {
    const product = this.volatilityOf(a) * this.volatilityOf(b);
    if (a === b) return product;
    const between = a.group === b.group ? 1 : 0.3;
    return product * a.loading * b.loading * between;
  }
}
