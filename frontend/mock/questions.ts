/** What the mock answers to questions of stress and covariance. */
import type { NewScenario, Scenario, ScenarioPnl, Stress } from "../src/client/types.ts";
import type { Book } from "./book.ts";
import type { Instrument, Market } from "./market.ts";

const BUILT_IN: readonly Scenario[] = [
  ["all prices -10 %", -0.1],
  ["all prices +10 %", 0.1],
  ["equities, 19 October 1987", -0.2047],
  ["equities, 16 March 2020", -0.1198],
  ["equities, 29 September 2008", -0.0881],
].map(([name, everything]) => ({
  name: String(name),
  everything: Number(everything),
  description: "Every price by the same return.",
  source: null,
  built_in: true,
  propagate: false,
  groups: [],
  instruments: {},
  episode: null,
}));

const stored = new Map<string, Scenario>();

export const scenarios = (): Scenario[] => [...BUILT_IN, ...stored.values()];

export const forget = (name: string): boolean => stored.delete(name);

export function keep(scenario: NewScenario): Scenario {
  const kept = {
    ...scenario,
    everything: scenario.everything ?? null,
    description: "",
    source: null,
    built_in: false,
    episode: null,
  };
  stored.set(scenario.name, kept);
  return kept;
}

export function stress(book: Book, asked: readonly NewScenario[]): Stress & { schema: 1 } {
  const values = book.holdings.map(({ instrument, quantity }) => instrument.price * quantity);
  return {
    schema: 1,
    portfolio: book.id,
    event_time: new Date().toISOString(),
    base_currency: "USD",
    market_value: values.reduce((sum, value) => sum + value, 0),
    results: asked.map((scenario) => resultOf(book, scenario)),
    uncovered: [],
  };
}

function resultOf(book: Book, { name, everything, groups, instruments }: NewScenario): ScenarioPnl {
  const positions = book.holdings.map(({ instrument, quantity }) => {
    const market_value = instrument.price * quantity;
    const group = groups?.findLast(({ symbols }) => symbols.includes(instrument.symbol));
    const shock = instruments?.[instrument.symbol] ?? group?.shock ?? everything ?? 0;
    return { symbol: instrument.symbol, market_value, pnl: market_value * shock };
  });
  positions.sort((one, other) => one.pnl - other.pnl);
  return {
    scenario: name,
    pnl: positions.reduce((sum, { pnl }) => sum + pnl, 0),
    positions,
    reason: null,
  };
}

export function covariance(market: Market, symbols: readonly string[]) {
  const found = symbols.flatMap((symbol) => market.instruments.find((one) => one.symbol === symbol) ?? []);
  const between = (one: Instrument, other: Instrument): number =>
    market.covariance(one, other) / (market.volatilityOf(one) * market.volatilityOf(other));
  return {
    schema: 1,
    event_time: new Date().toISOString(),
    symbols: found.map(({ symbol }) => symbol),
    bar: "60s",
    observations: found.map(() => 500),
    volatilities: found.map((one) => market.volatilityOf(one)),
    correlation: found.map((one) => found.map((other) => between(one, other))),
    conditioning: { smallest_eigenvalue: 0.21, largest_eigenvalue: 14.2, condition_number: 67.6 },
  };
}
