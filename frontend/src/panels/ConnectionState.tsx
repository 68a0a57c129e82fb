import { clock, day, age as formatAge, momentOf, utc, zoneName } from "../format/time.ts";
import { ageOf, type Clocks, type Health, healthOf } from "../risk/health.ts";
import { useNow, useShown } from "../store/hooks.ts";
import { useFreshPortfolio } from "../store/portfolio.ts";
import type { Portfolio, State } from "../store/state.ts";
import styles from "./Header.module.css";

const NAMES: Record<Health, string> = {
  loading: "Connecting",
  warming: "Warming up",
  live: "Live",
  replay: "Replay",
  stale: "Stale",
  reconnecting: "Reconnecting",
};

const MEANINGS: Record<Health, string> = {
  loading: "Waiting for the first figures",
  warming: "Too few observations for figures",
  live: "Figures follow the market",
  replay: "Figures of a recording, not of the present market",
  stale: "The line is up, but what is shown is old: no new figures come, or late ones",
  reconnecting: "No connection to the server: what is shown is old",
};

export interface Seen {
  health: Health;
  ageMs: number | null;
  portfolio: Portfolio | undefined;
}

const connectionOf = (state: State) => state.connection;
const offsetOf = (state: State) => state.clockOffsetMs;

/** How far the chosen portfolio's figures can be trusted, and how old they are. Ticks four times a second. */
export function useHealth(): Seen {
  const now = useNow(250);
  const connection = useShown(connectionOf);
  const offset = useShown(offsetOf);
  const portfolio = useFreshPortfolio();
  const clocks: Clocks = { now: Math.max(now, portfolio?.receivedAt ?? 0), serverNow: Date.now() + offset };
  const lost = connection.lostAt !== null && now - connection.lostAt > 1500;
  if (portfolio === undefined) return { health: lost ? "reconnecting" : "loading", ageMs: null, portfolio };
  return { health: healthOf(connection, portfolio, clocks), ageMs: ageOf(portfolio, clocks), portfolio };
}

export function ConnectionState() {
  const { health, ageMs, portfolio } = useHealth();
  const snapshot = portfolio?.snapshot ?? null;
  return (
    <div className={styles.state}>
      <span className={styles.pill} data-health={health} data-testid="connection" data-tip={MEANINGS[health]}>
        <i aria-hidden="true" />
        {NAMES[health]}
      </span>
      {ageMs !== null && (
        <span className={styles.age} data-testid="age" data-tip="Age of the figures on the screen">
          {formatAge(ageMs)}
        </span>
      )}
      {snapshot !== null && <EventTime text={snapshot.event_time} />}
    </div>
  );
}

function EventTime({ text }: { text: string }) {
  const moment = momentOf(text);
  const isToday = day(moment) === day(Date.now());
  return (
    <time
      className={styles.time}
      dateTime={text}
      data-testid="event-time"
      data-tip={`As of market time\n${utc(text)}`}
    >
      {!isToday && <span>{day(moment)} </span>}
      {clock(moment, true)} <small>{zoneName(moment)}</small>
    </time>
  );
}
