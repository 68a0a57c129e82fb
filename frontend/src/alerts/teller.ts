/**
 * Tells alerts outside the page, each id once, from one tab. It does not look at what the page shows: that stands still
 * while the page is hidden, which is when a sound is wanted most.
 */
import type { Alert } from "../client/types.ts";
import { standing } from "../risk/alerts.ts";
import { type Memory, readTold, readWishes, writeTold } from "./wishes.ts";

export interface Outside {
  memory: Memory;
  /** Calls back once this tab is the one that tells; the browser sees to it that there is one, whichever die. */
  whenAlone: (lead: () => void) => void;
  ring: (level: Alert["level"]) => void;
  notify: (alert: Alert) => void;
}

/** More at once are one notification too many. */
const MOST_NOTIFICATIONS = 3;

export class Teller {
  readonly #outside: Outside;
  #leads = false;
  #alerts: readonly Alert[] = [];

  constructor(outside: Outside) {
    this.#outside = outside;
    outside.whenAlone(() => {
      this.#leads = true;
      this.take(this.#alerts);
    });
  }

  /** Takes all alerts that are known; those that fire now and were never told are told. */
  take(alerts: readonly Alert[]): void {
    this.#alerts = alerts;
    if (!this.#leads) return;
    const { memory, ring, notify } = this.#outside;
    const told = readTold(memory);
    const fresh = standing(alerts).filter(
      ({ id, state, silenced }) => state === "firing" && !silenced && !told.has(id),
    );
    if (fresh.length === 0) return;
    writeTold(memory, new Set([...told, ...fresh.map(({ id }) => id)]));
    const { sound, notification } = readWishes(memory);
    if (sound) ring(fresh.some(({ level }) => level === "breach") ? "breach" : "warning");
    if (notification) for (const alert of fresh.slice(-MOST_NOTIFICATIONS)) notify(alert);
  }
}
