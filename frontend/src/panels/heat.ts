/** The colours of correlations: against each other blue, together red, nothing the panel's own. */
import { exact } from "../format/number.ts";

const TOGETHER = [217, 82, 94];
const AGAINST = [79, 140, 255];

export function heatColour(correlation: number | null): string {
  if (correlation === null) return "transparent";
  const [red, green, blue] = correlation >= 0 ? TOGETHER : AGAINST;
  return `rgb(${red} ${green} ${blue} / ${Math.min(1, Math.abs(correlation)).toFixed(3)})`;
}

export const correlationText = (correlation: number | null): string =>
  correlation === null
    ? "not defined: one of them has not moved"
    : exact(Math.round(correlation * 1000) / 1000);
