import { useChosen } from "../app/view.ts";
import { fetchBacktest } from "../client/http.ts";
import { JudgedBarsPanel } from "../panels/JudgedBarsPanel.tsx";
import { useAsked } from "../panels/useAsked.ts";
import { VerdictsPanel } from "../panels/VerdictsPanel.tsx";
import styles from "./screens.module.css";

/** A bar takes at least a second, mostly a minute. */
const AGAIN_MS = 10_000;

/** Whether the figures were right so far: each bar's forecast against what the bar earned. */
export default function BacktestScreen() {
  const { portfolio, method, confidence, bars } = useChosen();
  const asked = useAsked(
    [portfolio, method, confidence, bars].join("|"),
    (signal) => fetchBacktest(portfolio, { method, confidence, bars }, signal),
    AGAIN_MS,
  );
  return (
    <div className={styles.backtest}>
      <JudgedBarsPanel {...asked} />
      <VerdictsPanel {...asked} />
    </div>
  );
}
