import { Button } from "@mantine/core";
import { useState } from "react";
import { useChosen } from "../app/view.ts";
import { acknowledge } from "../client/http.ts";
import type { Alert } from "../client/types.ts";
import { clock, day, momentOf, utc } from "../format/time.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { isOfAll, standing } from "../risk/alerts.ts";
import { useSampled } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import styles from "./Alerts.module.css";
import { AlertWishes } from "./AlertWishes.tsx";
import { alertWords } from "./alertWords.ts";
import { wordsOf } from "./useAsked.ts";

const MOST_ROWS = 300;
const stateOf = (state: State) => state;

/** What was told, the newest first, of all portfolios; what still stands can be said to be seen. */
export function AlertsPanel() {
  const { alerts: told, portfolios } = useSampled(stateOf, 500);
  const alerts = Object.values(told);
  const stand = new Set(standing(alerts).map(({ id }) => id));
  const newest = [...alerts].sort((one, other) => (one.event_time < other.event_time ? 1 : -1));
  return (
    <Panel
      area="auto"
      title="Alerts"
      note={`${stand.size} standing; of the last seven days, newest first`}
      actions={<AlertWishes />}
    >
      {newest.length === 0 ? (
        <Message title="No alerts">Nothing that is limited was reached.</Message>
      ) : (
        <DataTable className={styles.table}>
          {newest.slice(0, MOST_ROWS).map((alert) => (
            <Row
              key={alert.id}
              alert={alert}
              stands={stand.has(alert.id)}
              currency={portfolios[alert.portfolio]?.snapshot?.base_currency ?? "USD"}
            />
          ))}
        </DataTable>
      )}
    </Panel>
  );
}

interface RowProps {
  alert: Alert;
  stands: boolean;
  currency: string;
}

function Row({ alert, stands, currency }: RowProps) {
  const { change } = useChosen();
  const moment = momentOf(alert.event_time);
  return (
    <tr data-over={!stands || undefined}>
      <td data-tip={utc(alert.event_time)}>
        {day(moment)}, {clock(moment)}
      </td>
      <td>
        <span className={styles.state} data-level={alert.state === "resolved" ? "none" : alert.level}>
          {alert.state === "firing" ? alert.level : alert.state}
          {alert.silenced ? ", silenced" : ""}
        </span>
      </td>
      <th scope="row">
        {isOfAll(alert) ? (
          "all"
        ) : (
          <button type="button" onClick={() => change({ portfolio: alert.portfolio, screen: "overview" })}>
            {alert.portfolio}
          </button>
        )}
      </th>
      <td className={styles.words}>{alertWords(alert, currency)}</td>
      <td>{stands && alert.state === "firing" && !isOfAll(alert) && <Seen id={alert.id} />}</td>
    </tr>
  );
}

function Seen({ id }: { id: string }) {
  const [error, setError] = useState<string | null>(null);
  const tell = async () => {
    try {
      await acknowledge(id);
      setError(null);
    } catch (failure) {
      setError(wordsOf(failure));
    }
  };
  return (
    <>
      <Button size="compact-xs" variant="default" data-tip="Say that it is known" onClick={() => void tell()}>
        Seen
      </Button>
      {error !== null && (
        <span className={styles.fault} role="alert">
          {" "}
          {error}
        </span>
      )}
    </>
  );
}
