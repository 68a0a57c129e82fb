/** A scenario as it is composed: percent as people type them, and what is asked of the engine. */
import type { NewScenario, ScenarioPnl } from "../client/types.ts";
import { filled, type Line } from "./ticket.ts";

export interface Draft {
  name: string;
  everything: string;
  propagate: boolean;
  /** Shocks of single instruments; the quantity of a line is its shock in percent. */
  lines: readonly Line[];
}

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
  for (const { symbol, quantity } of lines) {
    if (symbol.trim() === "") return "a shock without a symbol";
    if (returnOf(quantity) === null) return OUT_OF_RANGE;
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
  const shocks = lines.map(({ symbol, quantity }) => [symbol.trim(), returnOf(quantity) ?? 0] as const);
  return {
    name: draft.name.trim() === "" ? "yours" : draft.name.trim(),
    everything: draft.everything.trim() === "" ? null : returnOf(draft.everything),
    instruments: Object.fromEntries(shocks),
    propagate: draft.propagate,
  };
}

/** The worst first; what has no figure last. */
export const byLoss = (results: readonly ScenarioPnl[]): ScenarioPnl[] =>
  [...results].sort((one, other) => (one.pnl ?? Number.MAX_VALUE) - (other.pnl ?? Number.MAX_VALUE));
