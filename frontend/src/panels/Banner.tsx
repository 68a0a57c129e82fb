import { Button, Progress } from "@mantine/core";
import type { ReactNode } from "react";
import { clock, momentOf } from "../format/time.ts";
import { isBehind } from "../risk/health.ts";
import { progressOf, reasonOf } from "../risk/measures.ts";
import { useLive, useNow, useShown } from "../store/hooks.ts";
import type { Portfolio, State } from "../store/state.ts";
import styles from "./Banner.module.css";
import { useHealth } from "./ConnectionState.tsx";

/** What stands between the trader and good figures, in one line; nothing when nothing does. */
export function Banner() {
  const { health, portfolio } = useHealth();
  if (health === "reconnecting") return <Lost portfolio={portfolio} />;
  if (health === "stale") return <Stale portfolio={portfolio} />;
  if (health === "warming") return <Warming portfolio={portfolio} />;
  return null;
}

function Line({ tone, children }: { tone: "warn" | "calm"; children: ReactNode }) {
  return (
    <div className={styles.banner} data-tone={tone} role={tone === "warn" ? "alert" : "status"}>
      {children}
    </div>
  );
}

const asOf = (portfolio: Portfolio | undefined): string => {
  const snapshot = portfolio?.snapshot ?? null;
  return snapshot === null ? "" : ` Figures are as of ${clock(momentOf(snapshot.event_time))}.`;
};

const streamOf = (state: State) => state.connection.stream;

function Lost({ portfolio }: { portfolio: Portfolio | undefined }) {
  const stream = useShown(streamOf);
  const now = useNow(500);
  const { session } = useLive();
  const seconds = stream.phase === "waiting" ? Math.max(0, Math.ceil((stream.retryAt - now) / 1000)) : 0;
  return (
    <Line tone="warn">
      <span>
        <b>No connection to the server.</b>
        {asOf(portfolio)}
      </span>
      <span className={styles.aside} aria-live="off">
        {seconds > 0 ? `Next attempt in ${seconds} s` : "Connecting…"}
      </span>
      <Button size="compact-xs" variant="default" onClick={session.retryNow}>
        Try now
      </Button>
    </Line>
  );
}

const statusOf = (state: State) => state.status;

function Stale({ portfolio }: { portfolio: Portfolio | undefined }) {
  const parts = useShown(statusOf)?.parts ?? [];
  const broken = parts.filter(({ state }) => state === "down" || state === "degraded");
  const why = broken.map(
    ({ name, state, reason }) => `${name} ${state}${reason === null ? "" : `: ${reason}`}`,
  );
  return (
    <Line tone="warn">
      <span>
        <b>{portfolio !== undefined && isBehind(portfolio) ? "The engine is behind." : "No new figures."}</b>
        {asOf(portfolio)}
      </span>
      {why.length > 0 && <span className={styles.aside}>{why.join("; ")}</span>}
    </Line>
  );
}

function Warming({ portfolio }: { portfolio: Portfolio | undefined }) {
  const snapshot = portfolio?.snapshot ?? null;
  const reason = snapshot === null ? (portfolio?.reason ?? null) : reasonOf(snapshot);
  const progress = progressOf(reason);
  return (
    <Line tone="calm">
      <span>
        <b>Warming up.</b>{" "}
        {progress === null
          ? (reason ?? "Figures appear when there are enough bars.")
          : `${progress.done} of ${progress.needed} bars; figures appear when all are there.`}
      </span>
      {progress !== null && (
        <Progress
          className={styles.progress ?? ""}
          size="sm"
          value={(100 * progress.done) / progress.needed}
          aria-label="Bars"
        />
      )}
    </Line>
  );
}
