/** What trades would do to an invented book, by its closed form. */
import type { Candidate, WhatIf } from "../src/client/types.ts";
import { type Book, exposuresOf } from "./book.ts";
import { figuresOf } from "./figures.ts";
import type { Market } from "./market.ts";

export function whatIf(market: Market, book: Book, trades: readonly Candidate[]): WhatIf & { schema: 1 } {
  const known = new Map(market.instruments.map((instrument) => [instrument.symbol, instrument]));
  const holdings = new Map(book.holdings.map((held) => [held.instrument.symbol, { ...held }]));
  for (const { symbol, quantity } of trades) {
    const instrument = known.get(symbol);
    const held = holdings.get(symbol);
    if (held !== undefined) held.quantity += quantity;
    else if (instrument !== undefined) holdings.set(symbol, { instrument, quantity });
  }
  const after = { ...book, holdings: [...holdings.values()] };
  return {
    schema: 1,
    portfolio: book.id,
    event_time: new Date().toISOString(),
    base_currency: "USD",
    measures: measures(market, book, after),
    components: components(market, book, after),
    uncovered: trades
      .filter(({ symbol }) => !known.has(symbol))
      .map(({ symbol }) => ({ symbol, reason: "no price yet" })),
  };
}

function measures(market: Market, before: Book, after: Book): WhatIf["measures"] {
  const was = figuresOf(exposuresOf(market, before).sigma, before.shape, null);
  const is = figuresOf(exposuresOf(market, after).sigma, before.shape, null);
  return was.map((measure, i) => ({
    method: measure.method,
    confidence: measure.confidence,
    var_before: measure.var,
    var_after: is[i]?.var ?? null,
    incremental_var: (is[i]?.var ?? 0) - (measure.var ?? 0),
    es_before: measure.es,
    es_after: is[i]?.es ?? null,
    incremental_es: (is[i]?.es ?? 0) - (measure.es ?? 0),
    reason: null,
  }));
}

const Z99 = 2.32634787404;

function parts(market: Market, book: Book): Map<string, { quantity: number; part: number }> {
  const { weights, sensitivity, sigma } = exposuresOf(market, book);
  return new Map(
    book.holdings.map(({ instrument, quantity }, i) => [
      instrument.symbol,
      { quantity, part: sigma === 0 ? 0 : (Z99 * (weights[i] ?? 0) * (sensitivity[i] ?? 0)) / sigma },
    ]),
  );
}

function components(market: Market, before: Book, after: Book): WhatIf["components"] {
  const was = parts(market, before);
  const moved = [...parts(market, after)].map(([symbol, { quantity, part }]) => ({
    symbol,
    quantity_before: was.get(symbol)?.quantity ?? 0,
    quantity_after: quantity,
    component_var_before: was.get(symbol)?.part ?? 0,
    component_var_after: part,
    component_es_before: 1.15 * (was.get(symbol)?.part ?? 0),
    component_es_after: 1.15 * part,
  }));
  const size = (one: (typeof moved)[number]) => Math.abs(one.component_var_after - one.component_var_before);
  return moved.sort((one, other) => size(other) - size(one)).slice(0, 20);
}
