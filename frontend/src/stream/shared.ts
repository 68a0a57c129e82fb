/** A tab's end of the stream that all tabs share. */
import { type FromHub, subjectOf, type ToHub } from "./hub.ts";
import type { RiskStream, StreamOptions } from "./stream.ts";

export type Line = Pick<RiskStream, "start" | "stop" | "retryNow">;

export interface HubPort {
  onmessage: ((event: MessageEvent<FromHub>) => void) | null;
  postMessage(message: ToHub): void;
  close(): void;
}

type LineOptions = Pick<StreamOptions, "onEvent" | "onPhase"> & { now: () => number };

/**
 * Figures are handed on when the page has done what it is at, the newest of each portfolio: one that cannot keep up
 * falls behind by one snapshot, not by all that have come since. Alerts and everything else are handed on at once.
 */
export class SharedLine implements Line {
  readonly #options: LineOptions;
  readonly #connect: () => HubPort;
  #port: HubPort | null = null;
  #figures = new Map<string, string>();

  constructor(options: LineOptions, connect: () => HubPort) {
    this.#options = options;
    this.#connect = connect;
  }

  start(): void {
    this.#join();
    addEventListener("pagehide", this.#leave);
    addEventListener("pageshow", this.#join);
  }

  stop(): void {
    removeEventListener("pagehide", this.#leave);
    removeEventListener("pageshow", this.#join);
    this.#leave();
  }

  retryNow(): void {
    this.#port?.postMessage("retry");
  }

  readonly #join = (): void => {
    if (this.#port !== null) return;
    this.#port = this.#connect();
    this.#port.onmessage = ({ data }) => this.#take(data);
  };

  /** A page that is gone cannot say so: it does when it is hidden, and joins again if it is shown once more. */
  readonly #leave = (): void => {
    this.#port?.postMessage("leave");
    this.#port?.close();
    this.#port = null;
  };

  #take(message: FromHub): void {
    const { onEvent, onPhase, now } = this.#options;
    if (message.kind === "event" && message.name === "risk") this.#hold(message.data);
    else if (message.kind === "event") {
      if (message.name === "reset") this.#figures.clear();
      onEvent(message.name, message.data);
    } else if (message.phase !== "waiting") onPhase({ phase: message.phase });
    else onPhase({ phase: "waiting", attempt: message.attempt, retryAt: now() + message.waitMs });
  }

  /** A hidden page has little to do, and its clock all but stands still. */
  #hold(data: string): void {
    if (globalThis.document?.hidden) {
      this.#options.onEvent("risk", data);
      return;
    }
    if (this.#figures.size === 0) setTimeout(this.#handOn);
    this.#figures.set(subjectOf("risk", data), data);
  }

  readonly #handOn = (): void => {
    const held = this.#figures;
    this.#figures = new Map();
    for (const data of held.values()) this.#options.onEvent("risk", data);
  };
}

/** The port of the shared worker; null in a browser that has none, as on some phones. */
export function sharedPort(): (() => HubPort) | null {
  if (typeof SharedWorker === "undefined") return null;
  return () =>
    new SharedWorker(new URL("./shared.worker.ts", import.meta.url), {
      type: "module",
      name: "tailwatch stream",
    }).port;
}
