/** Reads scenarios and what they do; see read.ts for the rules. */
import { readAnswer } from "./answer.ts";
import type { PositionPnl, Scenario, ScenarioPnl, ShockedGroup, Stress } from "./types.ts";
import { isObject, list, number, present, text } from "./values.ts";

function readGroup(value: unknown): ShockedGroup | null {
  if (!isObject(value)) return null;
  const symbols = list(value.symbols).map(text).filter(present);
  const shock = number(value.shock);
  return symbols.length === 0 || shock === null ? null : { symbols, shock };
}

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
    groups: list(value.groups).map(readGroup).filter(present),
    episode: isObject(value.episode) ? { bars: number(value.episode.bars) ?? 0 } : null,
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
  const answer = readAnswer(value);
  if (answer === null) return null;
  const { head, body } = answer;
  return {
    ...head,
    market_value: number(body.market_value) ?? 0,
    results: list(body.results).map(readResult).filter(present),
  };
}
