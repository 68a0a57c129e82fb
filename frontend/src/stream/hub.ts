/**
 * One stream for all tabs of a browser, which allows six connections to a host. The hub lives in a shared worker; each
 * tab is a port. Who joins late is told what the stream said last of each thing, as if it had been there.
 */
import { type EventName, RiskStream, type StreamOptions, type StreamPhase } from "./stream.ts";

export type FromHub =
  | { kind: "event"; name: EventName; data: string }
  /** `waitMs`: until the next attempt, because a worker and a page count time from different beginnings. */
  | { kind: "phase"; phase: StreamPhase["phase"]; attempt: number; waitMs: number };

export type ToHub = "retry" | "leave";

export interface Port {
  postMessage(message: FromHub): void;
}

/** What an event speaks of: of two that speak of the same, the later says all. */
export function subjectOf(name: EventName, data: string): string {
  if (name === "risk") return `risk ${/"portfolio":"((?:[^"\\]|\\.)*)"/.exec(data)?.[1] ?? ""}`;
  if (name === "alert") return `alert ${/"id":"((?:[^"\\]|\\.)*)"/.exec(data)?.[1] ?? ""}`;
  return name;
}

/** Alerts are not conflated; a tab that joins is told the last ones, and asks the API for those before. */
const KEPT_ALERTS = 500;

export class StreamHub {
  readonly #ports = new Set<Port>();
  readonly #stream: RiskStream;
  readonly #newest = new Map<string, FromHub>();
  readonly #now: () => number;
  #phase: StreamPhase = { phase: "connecting" };

  constructor(options: Omit<StreamOptions, "onEvent" | "onPhase" | "now"> & { now: () => number }) {
    this.#now = options.now;
    this.#stream = new RiskStream({
      ...options,
      onEvent: (name, data) => this.#take(name, data),
      onPhase: (phase) => {
        this.#phase = phase;
        this.#tell(this.#phaseMessage());
      },
    });
  }

  join(port: Port): void {
    if (this.#ports.size === 0) this.#stream.start();
    this.#ports.add(port);
    port.postMessage(this.#phaseMessage());
    for (const message of this.#newest.values()) port.postMessage(message);
  }

  /** The last one to leave closes the stream; what it said stays, and it goes on from there. */
  leave(port: Port): void {
    this.#ports.delete(port);
    if (this.#ports.size === 0) this.#stream.stop();
  }

  retryNow(): void {
    this.#stream.retryNow();
  }

  #take(name: EventName, data: string): void {
    const message: FromHub = { kind: "event", name, data };
    if (name === "reset") this.#newest.clear();
    else this.#keep(subjectOf(name, data), message);
    this.#tell(message);
  }

  #keep(subject: string, message: FromHub): void {
    this.#newest.delete(subject);
    this.#newest.set(subject, message);
    const alerts = [...this.#newest.keys()].filter((key) => key.startsWith("alert "));
    for (const old of alerts.slice(0, -KEPT_ALERTS)) this.#newest.delete(old);
  }

  #phaseMessage(): FromHub {
    const { phase } = this.#phase;
    const waiting = this.#phase.phase === "waiting" ? this.#phase : null;
    const waitMs = waiting === null ? 0 : Math.max(0, waiting.retryAt - this.#now());
    return { kind: "phase", phase, attempt: waiting?.attempt ?? 0, waitMs };
  }

  #tell(message: FromHub): void {
    for (const port of this.#ports) port.postMessage(message);
  }
}
