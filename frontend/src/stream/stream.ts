/**
 * The one event stream of the page. A native EventSource gives up for good after an answer that is not 200 (a proxy's
 * 502 during a restart), and never notices a connection that has silently died. So every failure and every silence
 * closes it here, and a new one is made with back-off, at the cursor of the last event seen.
 */
import { backoff } from "./backoff.ts";

export type EventName = "risk" | "alert" | "status" | "reset";
const EVENT_NAMES: readonly EventName[] = ["risk", "alert", "status", "reset"];

/** `status` comes every 5 s: more than two of them missing means that the line is dead. */
export const SILENCE_MS = 12_000;

export type StreamPhase =
  | { phase: "connecting" }
  | { phase: "open" }
  | { phase: "waiting"; attempt: number; retryAt: number };

export interface Source {
  readonly readyState: number;
  close(): void;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
}

export interface StreamOptions {
  url: string;
  onEvent: (name: EventName, data: string) => void;
  onPhase: (phase: StreamPhase) => void;
  createSource?: ((url: string) => Source) | undefined;
  random?: () => number;
  now?: () => number;
}

export class RiskStream {
  readonly #options: StreamOptions;
  #source: Source | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #cursor = "";
  #attempt = 0;
  #stopped = true;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  /** Try at once instead of waiting out the back-off. */
  retryNow(): void {
    if (!this.#stopped) this.#open();
  }

  #open(): void {
    this.#drop();
    this.#options.onPhase({ phase: "connecting" });
    const source = this.#create(this.#url());
    this.#source = source;
    this.#listen(source);
    this.#watch();
  }

  #create(url: string): Source {
    return this.#options.createSource?.(url) ?? (new EventSource(url) as Source);
  }

  #url(): string {
    if (this.#cursor === "") return this.#options.url;
    const joint = this.#options.url.includes("?") ? "&" : "?";
    return `${this.#options.url}${joint}cursor=${encodeURIComponent(this.#cursor)}`;
  }

  #listen(source: Source): void {
    source.addEventListener("open", () => {
      if (source === this.#source) this.#options.onPhase({ phase: "open" });
      this.#watch();
    });
    source.addEventListener("error", () => {
      if (source === this.#source) this.#fail();
    });
    for (const name of EVENT_NAMES) {
      source.addEventListener(name, (event) => {
        if (source === this.#source) this.#take(name, event);
      });
    }
  }

  #take(name: EventName, event: MessageEvent<string>): void {
    this.#attempt = 0;
    this.#watch();
    if (event.lastEventId !== "") this.#cursor = event.lastEventId;
    else if (name === "reset") this.#cursor = "";
    this.#options.onEvent(name, event.data);
  }

  #watch(): void {
    clearTimeout(this.#watchdog);
    if (this.#source !== null) this.#watchdog = setTimeout(() => this.#fail(), SILENCE_MS);
  }

  #fail(): void {
    this.#drop();
    const wait = backoff(this.#attempt, this.#options.random);
    this.#attempt += 1;
    const now = (this.#options.now ?? Date.now)();
    this.#options.onPhase({ phase: "waiting", attempt: this.#attempt, retryAt: now + wait });
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = null;
  }
}
