/** Why VaR moved, as the bars of a waterfall that adds up to the change. */
import type { Explanation } from "../client/types.ts";
import type { WaterfallBar } from "./waterfall.ts";

const PARTS = [
  ["trades", "Trades"],
  ["prices", "Prices"],
  ["covariance", "Covariance"],
  ["scenarios", "Scenarios"],
] as const;

/** Less than this part of VaR is rounding, and no bar of its own. */
const ROUNDING = 1e-6;

/** Parts from nothing on, and their sum, the change; what is not among the stored parts has a bar of its own. */
export function whyBars(explanation: Explanation): WaterfallBar[] {
  const { var_from: before, var_to: after, unexplained } = explanation;
  const bars: WaterfallBar[] = [];
  let sum = 0;
  const add = (label: string, value: number) => {
    const next = sum + value;
    const range: [number, number] = [Math.min(sum, next), Math.max(sum, next)];
    bars.push({ label, kind: "part", value, range, after: next, members: 1 });
    sum = next;
  };
  for (const [part, label] of PARTS) add(label, explanation[part]);
  if (Math.abs(unexplained) > ROUNDING * Math.max(Math.abs(before), Math.abs(after)))
    add("Not kept", unexplained);
  const value = after - before;
  const range: [number, number] = [Math.min(0, value), Math.max(0, value)];
  return [...bars, { label: "Change", kind: "total", value, range, after: value, members: bars.length }];
}
