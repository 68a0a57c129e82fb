/**
 * What the components of a snapshot add up to. The payload gives one component VaR and ES per position and does not say
 * at which confidence; the figure that their sum meets does.
 */
import type { Measure, RiskSnapshot } from "../client/types.ts";
import { measureOf } from "./measures.ts";

export interface Attribution {
  measure: Measure;
  total: number;
}

type Field = "component_var" | "component_es";

const near = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b), 1e-9);

export function attributionOf(snapshot: RiskSnapshot, field: Field): Attribution | null {
  const parts = snapshot.positions.map((position) => position[field]).filter((part) => part !== null);
  if (parts.length === 0) return null;
  const total = parts.reduce((sum, part) => sum + part, 0);
  const figure = field === "component_var" ? "var" : "es";
  const measure = snapshot.measures.find((item) => {
    const value = item[figure];
    return value !== null && near(value, total);
  });
  return measure === undefined ? null : { measure, total };
}

/**
 * Component VaR at another confidence. Parametric VaR and all its components are the same multiple of the volatility,
 * so they move together, exactly; nothing else can be carried over, and then the components stay what they are.
 */
export function atConfidence(snapshot: RiskSnapshot, confidence: number): RiskSnapshot {
  const held = attributionOf(snapshot, "component_var")?.measure;
  if (held === undefined || held.method !== "parametric" || held.confidence === confidence) return snapshot;
  const wanted = measureOf(snapshot, "parametric", confidence)?.var ?? null;
  if (wanted === null || held.var === null || held.var === 0) return snapshot;
  const factor = wanted / held.var;
  const scale = (value: number | null): number | null => (value === null ? null : value * factor);
  const positions = snapshot.positions.map((position) => ({
    ...position,
    component_var: scale(position.component_var),
    marginal_var: scale(position.marginal_var),
  }));
  return { ...snapshot, positions };
}
