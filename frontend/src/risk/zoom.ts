/** Parts of the time axis that are looked at: pairs of moments, in ms. */
import type { Domain } from "./domain.ts";

/** History has a point a second: less than this is nothing to see. */
const SHORTEST_MS = 10_000;

/** The plot inside its chart, in pixels from the left. */
export interface Plot {
  left: number;
  right: number;
}

/** The moment that stands at a pixel; the nearer edge where there is none. */
export function momentAt(x: number, { left, right }: Plot, [from, to]: Domain): number {
  const share = (x - left) / (right - left);
  return from + Math.min(1, Math.max(0, share)) * (to - from);
}

/** The part at `factor` of its length, with `at` staying where it is. */
export const scaled = ([from, to]: Domain, factor: number, at: number): Domain => [
  at - (at - from) * factor,
  at + (to - at) * factor,
];

/** The part moved by a share of its length. */
export const moved = ([from, to]: Domain, share: number): Domain => [
  from + share * (to - from),
  to + share * (to - from),
];

/**
 * What to look at when `part` was asked for: whole seconds, not too short, not beyond the newest moment; null where
 * nothing of `all`, what is seen without a zoom, would be left out.
 */
export function zoomTo([from, to]: Domain, all: Domain): Domain | null {
  const length = Math.max(SHORTEST_MS, to - from);
  const middle = (from + to) / 2;
  const end = Math.min(all[1], middle + length / 2);
  const start = end - length;
  if (start <= all[0] && end >= all[1]) return null;
  return [Math.floor(start / 1000) * 1000, Math.ceil(end / 1000) * 1000];
}
