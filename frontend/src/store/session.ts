/** Ties the stream and the HTTP calls to the store: what comes in, what is asked for, and when it is asked again. */
import {
  ApiError,
  fetchAlerts,
  fetchHistory,
  fetchPortfolioIds,
  fetchRisk,
  resolutionOf,
} from "../client/http.ts";
import { parseJson, readAlert, readRisk, readStatus } from "../client/read.ts";
import type { Alert } from "../client/types.ts";
import { momentOf } from "../format/time.ts";
import { backoff } from "../stream/backoff.ts";
import { type HubPort, type Line, SharedLine } from "../stream/shared.ts";
import { type EventName, RiskStream, type Source, type StreamPhase } from "../stream/stream.ts";
import { STREAM_URL } from "../stream/url.ts";
import { ALL_MS, CAPACITY } from "./series.ts";
import {
  portfolioOf,
  withAlert,
  withGarbage,
  withHistory,
  withListError,
  withPhase,
  withPortfolioIds,
  withReason,
  withReset,
  withRisk,
  withSignedOut,
  withStatus,
  withStepMs,
} from "./state.ts";
import type { Step, Store } from "./store.ts";

/** Alerts of so long ago are history. */
const ALERTS_MS = 7 * 86_400_000;

/** A series of less is not drawn finer. */
const SHORTEST_MS = 300_000;

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

const monotonic = (): number => performance.now();

export class Session {
  readonly #store: Store;
  readonly #stream: Line;
  readonly #onAlerts: (alerts: readonly Alert[]) => void;
  #view: { portfolio: string; windowMs: number } | null = null;
  #viewRequest: AbortController | null = null;
  #listTimer: ReturnType<typeof setTimeout> | undefined;
  #listAttempt = 0;
  #stopped = true;

  /**
   * Over the stream that all tabs share, or over one of its own where `by` makes a source of events. `onAlerts` is told
   * all alerts that are known whenever that changes, whether the page is seen or not.
   */
  constructor(
    store: Store,
    by: { port: () => HubPort } | { source: (url: string) => Source },
    onAlerts: (alerts: readonly Alert[]) => void = () => {},
  ) {
    this.#store = store;
    this.#onAlerts = onAlerts;
    const options = {
      onEvent: (name: EventName, data: string) => this.#take(name, data),
      onPhase: (phase: StreamPhase) => this.#enter(phase),
      now: monotonic,
    };
    this.#stream =
      "port" in by
        ? new SharedLine(options, by.port)
        : new RiskStream({ ...options, url: STREAM_URL, createSource: by.source });
  }

  start(): void {
    this.#stopped = false;
    document.addEventListener("visibilitychange", this.#store.flush);
    this.#stream.start();
    void this.#loadList();
  }

  stop(): void {
    this.#stopped = true;
    document.removeEventListener("visibilitychange", this.#store.flush);
    clearTimeout(this.#listTimer);
    this.#viewRequest?.abort();
    this.#stream.stop();
  }

  readonly retryNow = (): void => {
    this.#stream.retryNow();
    this.#askForList();
  };

  /** Names the portfolio and time window on the screen: their history is fetched and joined to the live end. */
  readonly look = (portfolio: string, windowMs: number): void => {
    if (this.#view?.portfolio === portfolio && this.#view.windowMs === windowMs) return;
    this.#view = { portfolio, windowMs };
    if (windowMs !== ALL_MS) this.#store.update((state) => withStepMs(state, windowMs / CAPACITY));
    this.#loadView();
  };

  #enter(phase: StreamPhase): void {
    const returned = phase.phase === "open" && this.#store.current.connection.lostAt !== null;
    this.#store.update((state) => withPhase(state, phase, monotonic()));
    if (returned) this.#loadView();
    if (phase.phase === "open") void this.#loadAlerts();
    // A stream cannot tell why it was refused; the list can.
    if (phase.phase === "waiting") this.#askForList();
  }

  #askForList(): void {
    clearTimeout(this.#listTimer);
    void this.#loadList();
  }

  #take(name: EventName, data: string): void {
    if (name === "reset") {
      this.#store.update(withReset);
      this.#loadView();
      void this.#loadAlerts();
      return;
    }
    const step = stepOf(name, parseJson(data)) ?? withGarbage;
    this.#store.update(step);
    if (name === "alert") this.#tellAlerts();
  }

  #tellAlerts(): void {
    this.#onAlerts(Object.values(this.#store.current.alerts));
  }

  async #loadList(): Promise<void> {
    try {
      const ids = await fetchPortfolioIds();
      this.#listAttempt = 0;
      this.#store.update((state) => withPortfolioIds(state, ids));
    } catch (error) {
      if (this.#stopped) return;
      if (error instanceof ApiError && error.status === 401) this.#store.update(withSignedOut);
      const message = error instanceof Error ? error.message : String(error);
      this.#store.update((state) => withListError(state, message));
      this.#listTimer = setTimeout(() => void this.#loadList(), backoff(this.#listAttempt));
      this.#listAttempt += 1;
    }
  }

  #loadView(): void {
    this.#viewRequest?.abort();
    const view = this.#view;
    if (view === null || this.#stopped) return;
    const request = new AbortController();
    this.#viewRequest = request;
    void this.#loadSnapshot(view.portfolio, request.signal).then(() =>
      this.#loadHistory(view.portfolio, view.windowMs, request.signal),
    );
  }

  /** The stream tells what comes; what stood before it was opened is asked for. */
  async #loadAlerts(): Promise<void> {
    try {
      const alerts = await fetchAlerts(new Date(Date.now() - ALERTS_MS));
      this.#store.update((state) => alerts.reduce(withAlert, state));
      this.#tellAlerts();
    } catch {
      // An engine that has not run yet has none; the next opening asks again.
    }
  }

  async #loadSnapshot(id: string, signal: AbortSignal): Promise<void> {
    try {
      const risk = await fetchRisk(id, signal);
      if (risk !== null) this.#store.update((state) => withRisk(state, risk, monotonic()));
    } catch (error) {
      if (isAbort(error)) return;
      const reason =
        error instanceof ApiError ? (error.reason ?? error.message) : "the server cannot be reached";
      this.#store.update((state) => withReason(state, id, reason));
    }
  }

  async #loadHistory(id: string, windowMs: number, signal: AbortSignal): Promise<void> {
    const newest = portfolioOf(this.#store.current, id).snapshot;
    const end = newest === null ? Date.now() : momentOf(newest.event_time);
    try {
      const spanMs = windowMs === ALL_MS ? await this.#wholeSpan(id, end, signal) : windowMs;
      const query = { start: new Date(end - spanMs), resolution: resolutionOf(spanMs / CAPACITY) };
      const { points } = await fetchHistory(id, query, signal);
      if (!signal.aborted) this.#store.update((state) => withHistory(state, id, points));
    } catch {
      // The chart then begins at the live end; the next look or reconnection asks again.
    }
  }

  /** Since when there are figures: the steps follow from it. */
  async #wholeSpan(id: string, end: number, signal: AbortSignal): Promise<number> {
    const { begins } = await fetchHistory(id, {}, signal);
    const spanMs = Math.max(SHORTEST_MS, end - (begins === null ? end : momentOf(begins)) + 1000);
    if (!signal.aborted) this.#store.update((state) => withStepMs(state, spanMs / CAPACITY, true));
    return spanMs;
  }
}

/** What an event does to the state; null when it is not what it claims to be. */
function stepOf(name: Exclude<EventName, "reset">, data: unknown): Step | null {
  if (name === "risk") {
    const risk = readRisk(data);
    return risk && ((state) => withRisk(state, risk, monotonic()));
  }
  if (name === "alert") {
    const alert = readAlert(data);
    return alert && ((state) => withAlert(state, alert));
  }
  const status = readStatus(data);
  return status && ((state) => withStatus(state, status, Date.now()));
}
