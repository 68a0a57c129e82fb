/** A scenario as it is composed: percent as people type them, and what is asked of the engine. */
import type { NewScenario, Scenario, ScenarioPnl } from "../client/types.ts";
import { blankLine, filled, type Line } from "./ticket.ts";

export interface Draft {
  name: string;
  everything: string;
  propagate: boolean;
  /** Shocks of an instrument, or of several that are named in one line; its quantity is the shock in percent. */
  lines: readonly Line[];
}

export const emptyDraft = (): Draft => ({ name: "", everything: "", propagate: false, lines: [blankLine()] });

const symbolsOf = (line: Line): string[] => line.symbol.split(/[\s,;]+/).filter((symbol) => symbol !== "");

const LOWEST = -1;
const HIGHEST = 10;

/** "-12.5" or "−12.5 %" is -0.125; null for what is no return between -100 % and +1000 %. */
export function returnOf(text: string): number | null {
  const plain = text.trim().replace(/\s*%$/, "").replace("−", "-").replace(",", ".");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain)) return null;
  const value = Number(plain) / 100;
  return value >= LOWEST && value <= HIGHEST ? value : null;
}

/** What is wrong with a draft, in words; null when it can be asked, or is still empty. */
export function faultOfDraft(draft: Draft): string | null {
  const lines = filled(draft.lines);
  if (draft.everything.trim() !== "" && returnOf(draft.everything) === null) return OUT_OF_RANGE;
  for (const line of lines) {
    if (symbolsOf(line).length === 0) return "a shock without a symbol";
    if (returnOf(line.quantity) === null) return OUT_OF_RANGE;
  }
  if (draft.propagate && draft.everything.trim() !== "")
    return "carrying shocks over to the rest leaves no room for a shock of everything";
  return null;
}

const OUT_OF_RANGE = "a shock is a percentage from −100 to +1000";

/** The scenario to ask about; null while there is none, or it is not right yet. */
export function scenarioOf(draft: Draft): NewScenario | null {
  const lines = filled(draft.lines);
  if (faultOfDraft(draft) !== null || (lines.length === 0 && draft.everything.trim() === "")) return null;
  const shocks = lines.map((line) => ({ symbols: symbolsOf(line), shock: returnOf(line.quantity) ?? 0 }));
  const single = shocks.filter(({ symbols }) => symbols.length === 1);
  return {
    name: draft.name.trim() === "" ? "yours" : draft.name.trim(),
    everything: draft.everything.trim() === "" ? null : returnOf(draft.everything),
    groups: shocks.filter(({ symbols }) => symbols.length > 1),
    instruments: Object.fromEntries(single.map(({ symbols: [symbol = ""], shock }) => [symbol, shock])),
    propagate: draft.propagate,
  };
}

const percentOf = (shock: number): string => String(Number((100 * shock).toFixed(6)));

const lineOf = (symbols: readonly string[], shock: number): Line => ({
  ...blankLine(),
  symbol: symbols.join(", "),
  quantity: percentOf(shock),
});

/** A scenario to be changed, under its name where it is one's own; null for an episode, which has no shocks. */
export function draftOf(scenario: Scenario): Draft | null {
  const { name, built_in, everything, groups, instruments, propagate, episode } = scenario;
  if (episode !== null) return null;
  const lines = [
    ...groups.map(({ symbols, shock }) => lineOf(symbols, shock)),
    ...Object.entries(instruments).map(([symbol, shock]) => lineOf([symbol], shock)),
  ];
  return {
    name: built_in ? "" : name,
    everything: everything == null ? "" : percentOf(everything),
    propagate,
    lines: lines.length === 0 ? [blankLine()] : lines,
  };
}

/** The worst first; what has no figure last. */
export const byLoss = (results: readonly ScenarioPnl[]): ScenarioPnl[] =>
  [...results].sort((one, other) => (one.pnl ?? Number.MAX_VALUE) - (other.pnl ?? Number.MAX_VALUE));
