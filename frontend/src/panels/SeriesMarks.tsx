import type { Alert } from "../client/types.ts";
import { clock, momentOf } from "../format/time.ts";
import type { Domain } from "../risk/domain.ts";
import type { Plot } from "../risk/zoom.ts";
import { alertWords } from "./alertWords.ts";
import styles from "./SeriesPanel.module.css";

const MOST = 60;

interface Props {
  alerts: readonly Alert[];
  times: Domain;
  plot: Plot;
  currency: string;
}

const stateOf = ({ state, level }: Alert): string => (state === "firing" ? level : state);

/** Where the alerts of the book stand in the series. */
export function SeriesMarks({ alerts, times: [from, to], plot, currency }: Props) {
  const told = alerts
    .map((alert) => ({ alert, moment: momentOf(alert.event_time) }))
    .filter(({ moment }) => moment >= from && moment <= to)
    .sort((one, other) => one.moment - other.moment)
    .slice(-MOST);
  const left = (moment: number) => plot.left + ((moment - from) / (to - from)) * (plot.right - plot.left);
  const wordsOf = (alert: Alert, moment: number) =>
    `${clock(moment)} ${stateOf(alert)}: ${alertWords(alert, currency)}`;
  return (
    <>
      {told.map(({ alert, moment }) => (
        <i
          key={alert.id}
          className={styles.mark}
          style={{ left: left(moment) }}
          data-level={alert.state === "firing" ? alert.level : "none"}
          data-tip={wordsOf(alert, moment)}
          aria-hidden="true"
        />
      ))}
      {told.length > 0 && (
        <ul className="visually-hidden" aria-label="Alerts in the series">
          {told.map(({ alert, moment }) => (
            <li key={alert.id}>{wordsOf(alert, moment)}</li>
          ))}
        </ul>
      )}
    </>
  );
}
