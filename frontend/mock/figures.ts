/** Measures and histogram of an invented book, from its standard deviation. */
import type { Distribution, Measure } from "../src/client/types.ts";

/** How far the scenario methods stand from the closed form. */
export interface Shape {
  historical: number;
  monteCarlo: number;
}

const PATHS = 10_000;
const WINDOW = 500;
/** Confidence, normal quantile, and mean beyond it. */
const LEVELS: readonly [number, number, number][] = [
  [0.95, 1.6448536269514722, 2.0627128075074257],
  [0.975, 1.959963984540054, 2.3378027922014],
  [0.99, 2.32634787404, 2.66521422035],
];

export function figuresOf(sigma: number, shape: Shape, reason: string | null): Measure[] {
  return LEVELS.flatMap(([confidence, z, beyond]) => {
    const tail = 1 + (confidence - 0.95) * 1.6;
    const error = (sigma * Math.sqrt(confidence * (1 - confidence))) / (density(z) * Math.sqrt(PATHS));
    const given = (value: number) => (reason === null ? value : null);
    return [
      measure("parametric", confidence, given(z * sigma), given(beyond * sigma), null, null, reason),
      measure(
        "historical",
        confidence,
        given(z * sigma * shape.historical * tail),
        given(beyond * sigma * shape.historical * tail * 1.08),
        null,
        WINDOW,
        reason,
      ),
      measure(
        "monte_carlo",
        confidence,
        given(z * sigma * shape.monteCarlo),
        given(beyond * sigma * shape.monteCarlo),
        given(error),
        PATHS,
        reason,
      ),
    ];
  });
}

function measure(
  method: Measure["method"],
  confidence: number,
  value: number | null,
  es: number | null,
  error: number | null,
  scenarios: number | null,
  reason: string | null,
): Measure {
  const esError = error === null ? null : error * 1.18;
  return { method, confidence, var: value, es, var_stderr: error, es_stderr: esError, scenarios, reason };
}

const density = (x: number): number => Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI);

const BINS = 60;

/** P&L counts of the paths, normal with a little roughness that stays the same from one snapshot to the next. */
export function histogramOf(sigma: number, shape: number): Distribution {
  const width = (8 * sigma * shape) / BINS;
  const edges = Array.from({ length: BINS + 1 }, (_, i) => (i - BINS / 2) * width);
  const counts = Array.from({ length: BINS }, (_, i) => {
    const middle = ((i + 0.5 - BINS / 2) * 8) / BINS;
    const expected = density(middle) * (8 / BINS) * PATHS;
    const rough = Math.sin(i * 12.9898) * 43758.5453;
    return Math.max(0, Math.round(expected + Math.sqrt(expected) * 1.6 * (rough - Math.floor(rough) - 0.5)));
  });
  const middle = BINS / 2;
  const missing = PATHS - counts.reduce((sum, value) => sum + value, 0);
  counts[middle] = (counts[middle] ?? 0) + missing;
  return { method: "monte_carlo", edges, counts };
}
