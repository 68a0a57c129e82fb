/** What the user has chosen to look at. It stands in the address, so that a view can be sent to a colleague. */
import { createContext, useCallback, useContext, useState } from "react";
import type { Metric } from "../store/series.ts";

export interface View {
  portfolio: string | null;
  confidence: number;
  metric: Metric;
  windowMs: number;
}

export const WINDOWS: readonly (readonly [label: string, milliseconds: number])[] = [
  ["5m", 300_000],
  ["15m", 900_000],
  ["1h", 3_600_000],
  ["4h", 14_400_000],
];

const DEFAULT: View = { portfolio: null, confidence: 0.99, metric: "var", windowMs: 900_000 };

export function readView(search: string): View {
  const query = new URLSearchParams(search);
  const confidence = Number(query.get("confidence"));
  const range = WINDOWS.find(([label]) => label === query.get("range"));
  return {
    portfolio: query.get("portfolio"),
    confidence: confidence > 0 && confidence < 1 ? confidence : DEFAULT.confidence,
    metric: query.get("metric") === "es" ? "es" : "var",
    windowMs: range?.[1] ?? DEFAULT.windowMs,
  };
}

export function writeView(view: View): string {
  const query = new URLSearchParams();
  if (view.portfolio !== null) query.set("portfolio", view.portfolio);
  if (view.confidence !== DEFAULT.confidence) query.set("confidence", String(view.confidence));
  if (view.metric !== DEFAULT.metric) query.set("metric", view.metric);
  const range = WINDOWS.find(([, milliseconds]) => milliseconds === view.windowMs);
  if (range !== undefined && view.windowMs !== DEFAULT.windowMs) query.set("range", range[0]);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

export function useAddressView(): [View, (change: Partial<View>) => void] {
  const [view, setView] = useState(() => readView(window.location.search));
  const change = useCallback((part: Partial<View>) => {
    setView((held) => {
      const next = { ...held, ...part };
      window.history.replaceState(null, "", `${window.location.pathname}${writeView(next)}`);
      return next;
    });
  }, []);
  return [view, change];
}

export interface Chosen {
  portfolio: string;
  confidence: number;
  metric: Metric;
  windowMs: number;
  change: (part: Partial<View>) => void;
}

export const ChosenContext = createContext<Chosen | null>(null);

export function useChosen(): Chosen {
  const chosen = useContext(ChosenContext);
  if (chosen === null) throw new Error("useChosen needs a ChosenContext above it");
  return chosen;
}
