import { SCREENS, useChosen } from "../app/view.ts";
import { confidenceLabel } from "../format/number.ts";
import { clock, day, momentOf, utc, zoneName } from "../format/time.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { useHealth } from "./ConnectionState.tsx";
import styles from "./PrintHead.module.css";

/** Over every printed page: whose figures these are, as of when, and whether they were of the present. */
export function PrintHead() {
  const { portfolio, screen, confidence } = useChosen();
  const snapshot = useSampledPortfolio(1000)?.snapshot ?? null;
  const name = SCREENS.find(([one]) => one === screen)?.[1];
  return (
    <div className={styles.head}>
      <b>
        {portfolio}, {name}
      </b>
      <span>{confidenceLabel(confidence)}</span>
      {snapshot !== null && <AsOf text={snapshot.event_time} />}
      <Trust />
    </div>
  );
}

function AsOf({ text }: { text: string }) {
  const moment = momentOf(text);
  return (
    <span>
      as of {day(moment)}, {clock(moment)} {zoneName(moment)} ({utc(text).slice(0, 19)} UTC)
    </span>
  );
}

function Trust() {
  const { health } = useHealth();
  return health === "live" ? null : <b>{health}</b>;
}
