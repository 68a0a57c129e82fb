/** Reads scenarios and what they do; see read.ts for the rules. */
import type { PositionPnl, Scenario, ScenarioPnl, Stress } from "./types.ts";
import { isObject, list, number, present, readMoment, readUncovered, text } from "./values.ts";

function readScenario(value: unknown): Scenario | null {
  if (!isObject(value)) return null;
  const name = text(value.name);
  if (name === null) return null;
  const shocks = Object.entries(isObject(value.instruments) ? value.instruments : {});
  const instruments = shocks.flatMap(([symbol, shock]) => {
    const size = number(shock);
    return size === null ? [] : [[symbol, size] as const];
  });
  return {
    name,
    description: text(value.description) ?? "",
    source: text(value.source),
    built_in: value.built_in === true,
    everything: number(value.everything),
    propagate: value.propagate === true,
    instruments: Object.fromEntries(instruments),
  };
}

export const readScenarios = (value: unknown): Scenario[] => list(value).map(readScenario).filter(present);

function readPosition(value: unknown): PositionPnl | null {
  if (!isObject(value)) return null;
  const symbol = text(value.symbol);
  const pnl = number(value.pnl);
  if (symbol === null || pnl === null) return null;
  return { symbol, market_value: number(value.market_value) ?? 0, pnl };
}

function readResult(value: unknown): ScenarioPnl | null {
  if (!isObject(value)) return null;
  const scenario = text(value.scenario);
  if (scenario === null) return null;
  return {
    scenario,
    pnl: number(value.pnl),
    positions: list(value.positions).map(readPosition).filter(present),
    reason: text(value.reason),
  };
}

export function readStress(value: unknown): Stress | null {
  if (!isObject(value) || value.schema !== 1) return null;
  const portfolio = text(value.portfolio);
  const eventTime = readMoment(value.event_time);
  if (portfolio === null || eventTime === null) return null;
  return {
    portfolio,
    event_time: eventTime,
    base_currency: text(value.base_currency) ?? "USD",
    market_value: number(value.market_value) ?? 0,
    results: list(value.results).map(readResult).filter(present),
    uncovered: list(value.uncovered).map(readUncovered).filter(present),
  };
}
