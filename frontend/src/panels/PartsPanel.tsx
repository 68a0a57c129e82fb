import type { Feed, Part, Status } from "../client/types.ts";
import { count, decimal, NO_VALUE } from "../format/number.ts";
import { age } from "../format/time.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { useSampled } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import styles from "./Health.module.css";

const statusOf = (state: State): Status | null => state.status;

export const useStatus = (): Status | null => useSampled(statusOf, 500);

const ageText = (seconds: number | null): string => (seconds === null ? NO_VALUE : age(1000 * seconds));

function StateMark({ state, reason }: { state: string; reason: string | null }) {
  return (
    <span className={styles.state} data-state={state} data-tip={reason ?? undefined}>
      <i aria-hidden="true" />
      {state}
    </span>
  );
}

export function PartsPanel() {
  const status = useStatus();
  return (
    <Panel area="parts" title="Parts" note={status === null ? "" : heardBy(status)}>
      {status === null ? <Waiting /> : <Parts parts={status.parts} />}
    </Panel>
  );
}

/** Who listens, and what was said to nobody. */
function heardBy({ clients, undelivered }: Status): string {
  const streams = clients === null ? [] : [`${count(clients)} open ${clients === 1 ? "stream" : "streams"}`];
  const alerts = undelivered === 1 ? "1 alert" : `${count(undelivered ?? 0)} alerts`;
  return [...streams, ...(undelivered ? [`${alerts} that nobody was given`] : [])].join("; ");
}

const Waiting = () => (
  <Message title="Waiting for the server's word">It tells how it is every five seconds.</Message>
);

function Parts({ parts }: { parts: Part[] }) {
  return (
    <DataTable className={styles.table} heads={["Part", "State", "Heard", "Reason"]}>
      {parts.map(({ name, state, reason, age_s }) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td>
            <StateMark {...{ state, reason }} />
          </td>
          <td>{age_s === null ? NO_VALUE : `${ageText(age_s)} ago`}</td>
          <td className={styles.reason}>{reason ?? ""}</td>
        </tr>
      ))}
    </DataTable>
  );
}

export function FeedsPanel() {
  const status = useStatus();
  return (
    <Panel area="feeds" title="Feeds" note={status === null ? "" : countOf(status.feeds)}>
      {status === null ? (
        <Waiting />
      ) : status.feeds.length === 0 ? (
        <Message title="No feed">A recording has none; a live engine names its feeds when it runs.</Message>
      ) : (
        <Feeds feeds={status.feeds} />
      )}
    </Panel>
  );
}

const countOf = (feeds: readonly Feed[]): string =>
  feeds.length === 0
    ? ""
    : `${feeds.filter(({ state }) => state === "connected").length} of ${feeds.length} connected`;

const FEED_HEADS = [
  "Feed",
  "State",
  "Last frame",
  "Frames/s",
  "Frames",
  "Lag",
  "Never came",
  "Reconnects",
  "Reason",
];

function Feeds({ feeds }: { feeds: Feed[] }) {
  return (
    <DataTable className={styles.table} heads={FEED_HEADS}>
      {feeds.map(({ name, state, reason, age_s, frames, rate, lag_ms, missing, reconnects }) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td>
            <StateMark {...{ state, reason }} />
          </td>
          <td>{age_s === null ? NO_VALUE : `${ageText(age_s)} ago`}</td>
          <td>{decimal(rate, 1)}</td>
          <td>{count(frames)}</td>
          <td>{lag_ms === null ? NO_VALUE : `${decimal(lag_ms, 0)} ms`}</td>
          <td data-bad={(missing ?? 0) > 0 || undefined}>{count(missing)}</td>
          <td>{count(reconnects)}</td>
          <td className={styles.reason}>{reason ?? ""}</td>
        </tr>
      ))}
    </DataTable>
  );
}
