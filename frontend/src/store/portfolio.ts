import { useCallback } from "react";
import { useChosen } from "../app/view.ts";
import { useSampled, useShown } from "./hooks.ts";
import type { Portfolio, State } from "./state.ts";

function useSelect(): (state: State) => Portfolio | undefined {
  const { portfolio } = useChosen();
  return useCallback((state: State) => state.portfolios[portfolio], [portfolio]);
}

/** The chosen portfolio, at every frame. */
export const useFreshPortfolio = (): Portfolio | undefined => useShown(useSelect());

/** The chosen portfolio, at most once in `everyMs`. */
export const useSampledPortfolio = (everyMs: number): Portfolio | undefined =>
  useSampled(useSelect(), everyMs);
