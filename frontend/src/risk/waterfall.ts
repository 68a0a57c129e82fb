/** The bars from nothing to the portfolio's VaR, one for each position that matters, one for all others. */

export interface Contribution {
  symbol: string;
  value: number;
}

export interface WaterfallBar {
  label: string;
  kind: "part" | "others" | "total";
  value: number;
  /** Where the bar stands on the axis, lower end first. */
  range: [number, number];
  /** The sum so far, after this bar. */
  after: number;
  /** How many positions the bar stands for. */
  members: number;
}

const byValue = (a: Contribution, b: Contribution): number => b.value - a.value;
const bySize = (a: Contribution, b: Contribution): number => Math.abs(b.value) - Math.abs(a.value);

/** Shows the `limit` largest contributions by size, from the largest that adds to the largest that takes away. */
export function waterfall(contributions: readonly Contribution[], limit: number): WaterfallBar[] {
  const sorted = [...contributions].sort(bySize);
  const fits = sorted.length <= limit + 1;
  const shown = (fits ? sorted : sorted.slice(0, limit)).sort(byValue);
  const rest = fits ? [] : sorted.slice(limit);
  const bars: WaterfallBar[] = [];
  let sum = 0;
  const add = (label: string, kind: WaterfallBar["kind"], value: number, members: number) => {
    const after = sum + value;
    bars.push({ label, kind, value, range: [Math.min(sum, after), Math.max(sum, after)], after, members });
    sum = after;
  };
  for (const { symbol, value } of shown) add(symbol, "part", value, 1);
  if (rest.length > 0) {
    const restSum = rest.reduce((total, { value }) => total + value, 0);
    add(`${rest.length} others`, "others", restSum, rest.length);
  }
  const total = sum;
  bars.push({
    label: "Total",
    kind: "total",
    value: total,
    range: [Math.min(0, total), Math.max(0, total)],
    after: total,
    members: contributions.length,
  });
  return bars;
}
