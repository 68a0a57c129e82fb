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

/** The symbols that get a bar of their own: the `limit` largest by size, from what adds most to what takes off most. */
export function leading(contributions: readonly Contribution[], limit: number): string[] {
  const sorted = [...contributions].sort(bySize);
  const fits = sorted.length <= limit + 1;
  return (fits ? sorted : sorted.slice(0, limit)).sort(byValue).map(({ symbol }) => symbol);
}

export function waterfall(contributions: readonly Contribution[], shown: readonly string[]): WaterfallBar[] {
  const left = new Map(contributions.map((contribution) => [contribution.symbol, contribution.value]));
  const bars: WaterfallBar[] = [];
  let sum = 0;
  const add = (label: string, kind: WaterfallBar["kind"], value: number, members: number) => {
    const after = sum + value;
    bars.push({ label, kind, value, range: [Math.min(sum, after), Math.max(sum, after)], after, members });
    sum = after;
  };
  for (const symbol of shown) {
    const value = left.get(symbol);
    if (value !== undefined) add(symbol, "part", value, 1);
    left.delete(symbol);
  }
  if (left.size > 0) {
    const rest = [...left.values()].reduce((total, value) => total + value, 0);
    add(left.size === 1 ? "1 other" : `${left.size} others`, "others", rest, left.size);
  }
  bars.push({
    label: "Total",
    kind: "total",
    value: sum,
    range: [Math.min(0, sum), Math.max(0, sum)],
    after: sum,
    members: contributions.length,
  });
  return bars;
}
