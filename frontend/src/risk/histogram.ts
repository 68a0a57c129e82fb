/** The P&L histogram turned to losses (right is worse) and cut at VaR, ready to be drawn as two step areas. */
import type { Distribution } from "../client/types.ts";

export interface Bin {
  from: number;
  to: number;
  count: number;
}

export interface StepPoint {
  loss: number;
  body: number | null;
  tail: number | null;
  /** Height of the normal curve of the same standard deviation. */
  normal: number;
}

type Corner = Omit<StepPoint, "normal">;

/** Bins of losses, rising: the mirror of the P&L bins. */
export function lossBins({ edges, counts }: Distribution): Bin[] {
  const bins: Bin[] = [];
  for (let i = counts.length - 1; i >= 0; i -= 1) {
    const low = edges[i];
    const high = edges[i + 1];
    const count = counts[i];
    if (low !== undefined && high !== undefined && count !== undefined) {
      bins.push({ from: 0 - high, to: 0 - low, count });
    }
  }
  return bins;
}

const commonestWidth = (bins: readonly Bin[]): number => {
  const widths = bins.map((bin) => bin.to - bin.from).sort((a, b) => a - b);
  return widths[Math.floor(widths.length / 2)] ?? 1;
};

/** Bins of unequal width are compared by their density, scaled to the count of the commonest width. */
function heights(bins: readonly Bin[]): number[] {
  const width = commonestWidth(bins);
  return bins.map((bin) => (bin.count * width) / (bin.to - bin.from));
}

/** The normal density of mean 0 and the standard deviation of the bins, in the same heights. */
function normalOver(bins: readonly Bin[]): (loss: number) => number {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const squares = bins.reduce((sum, { from, to, count }) => sum + (count * (from + to) ** 2) / 4, 0);
  const deviation = Math.sqrt(squares / total);
  if (!(deviation > 0)) return () => 0;
  const peak = (total * commonestWidth(bins)) / (deviation * Math.sqrt(2 * Math.PI));
  return (loss) => peak * Math.exp(-((loss / deviation) ** 2) / 2);
}

/** Corner points for step-after areas: `body` up to the cut, `tail` from it on. Without a cut all is body. */
export function stepPoints(bins: readonly Bin[], cut: number | null): StepPoint[] {
  const normal = normalOver(bins);
  return corners(bins, cut).map((corner) => ({ ...corner, normal: normal(corner.loss) }));
}

function corners(bins: readonly Bin[], cut: number | null): Corner[] {
  const points: Corner[] = [];
  const height = heights(bins);
  bins.forEach((bin, i) => {
    const value = height[i] ?? 0;
    if (cut === null || bin.to <= cut) points.push({ loss: bin.from, body: value, tail: null });
    else if (bin.from >= cut) points.push({ loss: bin.from, body: null, tail: value });
    else {
      points.push({ loss: bin.from, body: value, tail: null });
      points.push({ loss: cut, body: 0, tail: value });
    }
  });
  const last = bins.at(-1);
  if (last !== undefined) {
    const inTail = cut !== null && last.to > cut;
    points.push({ loss: last.to, body: inTail ? null : 0, tail: inTail ? 0 : null });
  }
  return points;
}

export const binAt = (bins: readonly Bin[], loss: number): number =>
  bins.findIndex((bin) => loss >= bin.from && loss < bin.to);

/** The share of scenarios in a bin, and of those that lose at least as much as its lower edge. */
export function sharesAt(bins: readonly Bin[], index: number): { bin: number; beyond: number } | null {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const bin = bins[index];
  if (bin === undefined || total === 0) return null;
  const beyond = bins.slice(index).reduce((sum, { count }) => sum + count, 0);
  return { bin: bin.count / total, beyond: beyond / total };
}
