import type { Method } from "../client/types.ts";

export const METHOD_COLOURS: Record<Method, string> = {
  parametric: "var(--parametric)",
  historical: "var(--historical)",
  monte_carlo: "var(--monte-carlo)",
};
