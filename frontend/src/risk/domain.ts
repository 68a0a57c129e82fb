/** Axis limits that hold still: they widen at once when data leave them and narrow only when half would be empty. */

export type Domain = readonly [number, number];

function niceStep(span: number): number {
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

/** The data's limits with room around them, on round numbers. */
export function niceDomain(low: number, high: number, room = 0.12): Domain {
  if (low === 0 && high === 0) return [0, 1];
  const middle = Math.max(Math.abs(low), Math.abs(high), 1e-9);
  const span = Math.max(high - low, middle * 1e-3);
  const step = niceStep(span);
  const half = step / 2;
  const floor = low >= 0 ? 0 : Number.NEGATIVE_INFINITY;
  return [
    Math.max(floor, Math.floor((low - span * room) / half) * half),
    Math.ceil((high + span * room) / half) * half,
  ];
}

export function steadyDomain(held: Domain | null, low: number, high: number, room = 0.12): Domain {
  if (held !== null && low >= held[0] && high <= held[1]) {
    const used = (high - low) / (held[1] - held[0]);
    if (used >= 0.35) return held;
  }
  const next = niceDomain(low, high, room);
  return held !== null && held[0] === next[0] && held[1] === next[1] ? held : next;
}

export function ticksOf([low, high]: Domain): number[] {
  const step = niceStep(high - low);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) ticks.push(i * step + 0);
  return ticks;
}

const DAY_S = 86_400;
const CLOCK_STEPS_S = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10800,
  21600,
  43200,
  DAY_S,
];
const YEAR_S = 365.25 * DAY_S;
const DAY_STEPS_S = [...[2, 7, 14, 28, 91.3125].map((days) => days * DAY_S), 0.5 * YEAR_S];

function stepOf(seconds: number, most: number): number {
  const step = [...CLOCK_STEPS_S, ...DAY_STEPS_S].find((step) => seconds / step <= most);
  return step ?? Math.ceil(seconds / YEAR_S / most) * YEAR_S;
}

/**
 * Round clock times of the user's zone between two moments, at most `most` of them. None in the first sixth of a label's
 * room: the edge would cut it.
 */
export function timeTicks(from: number, to: number, most: number, offsetMs: number): number[] {
  const step = stepOf((to - from) / 1000, most) * 1000;
  const ticks: number[] = [];
  const first = from + (to - from) / most / 6;
  for (let tick = Math.ceil((first + offsetMs) / step) * step - offsetMs; tick <= to; tick += step)
    ticks.push(tick);
  return ticks;
}
