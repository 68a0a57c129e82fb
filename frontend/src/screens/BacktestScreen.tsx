import { useMemo } from "react";
import { type Chosen, useChosen } from "../app/view.ts";
import { fetchBacktest, fetchStoredResult } from "../client/http.ts";
import { type Backtest, methodOf } from "../client/types.ts";
import { JudgedBarsPanel } from "../panels/JudgedBarsPanel.tsx";
import { type Asked, useAsked } from "../panels/useAsked.ts";
import { VerdictsPanel } from "../panels/VerdictsPanel.tsx";
import { judgedBy } from "../risk/backtest.ts";
import styles from "./screens.module.css";

/** A bar takes at least a second, mostly a minute. */
const AGAIN_MS = 10_000;
/** What is stored does not change any more. */
const STORED_MS = 3_600_000;

/** Whether the figures were right: each bar's forecast against what the bar earned. */
export default function BacktestScreen() {
  const chosen = useChosen();
  const running = useRunning(chosen);
  const stored = useStored(chosen);
  const asked = chosen.job === null ? running : stored;
  return (
    <div className={styles.backtest}>
      <JudgedBarsPanel {...asked} />
      <VerdictsPanel {...asked} />
    </div>
  );
}

function useRunning({ portfolio, forecast, confidence, bars, job }: Chosen): Asked<Backtest> {
  const method = methodOf(forecast);
  return useAsked(
    job === null ? [portfolio, method, confidence, bars].join("|") : null,
    (signal) => fetchBacktest(portfolio, { method, confidence, bars }, signal),
    AGAIN_MS,
  );
}

function useStored({ portfolio, forecast, confidence, job }: Chosen): Asked<Backtest> {
  const { answer, error } = useAsked(job, (signal) => fetchStoredResult(job ?? "", signal), STORED_MS);
  const judged = useMemo(
    () => (answer?.portfolio === portfolio ? judgedBy(answer, forecast, confidence) : null),
    [answer, portfolio, forecast, confidence],
  );
  const stranger = answer !== null && answer.portfolio !== portfolio;
  return { answer: judged, error: stranger ? `This backtest is of ${answer.portfolio}` : error };
}
