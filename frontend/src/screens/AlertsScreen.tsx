import { useState } from "react";
import { useChosen } from "../app/view.ts";
import { fetchLimits } from "../client/http.ts";
import { AlertsPanel } from "../panels/AlertsPanel.tsx";
import { LimitsPanel } from "../panels/LimitsPanel.tsx";
import { useAsked } from "../panels/useAsked.ts";
import styles from "./screens.module.css";

/** What is limited, how near it is, and what has come of it. */
export default function AlertsScreen() {
  const { portfolio } = useChosen();
  const [stated, setStated] = useState(0);
  const asked = useAsked(`${portfolio}|${stated}`, (signal) => fetchLimits(portfolio, signal));
  return (
    <div className={styles.rows}>
      <LimitsPanel key={portfolio} {...{ portfolio, asked }} onStated={() => setStated(stated + 1)} />
      <AlertsPanel />
    </div>
  );
}
