/** The mock's engine: moves the market, publishes snapshots to its streams and remembers an hour of them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Candidate, HistoryPoint, NewScenario } from "../src/client/types.ts";
import { type Book, books, nextSnapshot, type Payload } from "./book.ts";
import { Market } from "./market.ts";
import { covariance, stress } from "./questions.ts";
import { whatIf } from "./whatIf.ts";

export interface MockOptions {
  intervalMs: number;
  seed: number;
  replay: boolean;
}

type Remembered = HistoryPoint & { market_value: number | null; pnl_today: number | null };

const PAST_MS = 3_600_000;
const PAST_STEP_MS = 3_000;
/** A recording of another day, for --replay. */
const RECORDED_MS = 200 * 86_400_000;

export class Mock {
  down = false;
  readonly #options: MockOptions;
  readonly #market: Market;
  readonly #books: Book[];
  readonly #newest = new Map<string, Payload>();
  readonly #past = new Map<string, Remembered[]>();
  readonly #streams = new Set<ServerResponse>();
  #id = 0;
  #silent = false;
  #frozen = false;

  constructor(options: MockOptions) {
    this.#options = options;
    this.#market = new Market(options.seed);
    this.#books = books(this.#market);
  }

  start(): void {
    this.#rehearse();
    setInterval(() => this.#tick(), this.#options.intervalMs);
    setInterval(() => this.#status(), 5_000);
  }

  #rehearse(): void {
    for (let moment = Date.now() - PAST_MS; moment < Date.now(); moment += PAST_STEP_MS) {
      this.#market.move(PAST_STEP_MS / 60_000);
      for (const book of this.#books) this.#publish(book, moment);
    }
    this.#books.forEach((book, i) => {
      book.startValue = (this.#newest.get(book.id)?.market_value ?? 0) * (i % 2 === 0 ? 0.9942 : 1.0031);
    });
  }

  #tick(): void {
    if (this.#frozen) return;
    this.#market.move(this.#options.intervalMs / 60_000);
    for (const book of this.#books) {
      if (book.condition === "warming" && Math.random() < 0.01)
        book.observations = Math.min(29, book.observations + 1);
      if (book.condition !== "gone_stale") this.#publish(book, Date.now());
    }
  }

  #publish(book: Book, now: number): void {
    const eventTime = now - 6 - (this.#options.replay ? RECORDED_MS : 0);
    const stamp = book.condition === "gone_stale" ? Math.min(now, Date.now() - 95_000) : now;
    const snapshot = nextSnapshot(this.#market, book, eventTime, this.#options.replay ? null : stamp);
    this.#newest.set(book.id, snapshot);
    const { event_time, market_value, pnl_today, measures } = snapshot;
    const past = this.#past.get(book.id) ?? [];
    past.push({ event_time, market_value, pnl_today, measures });
    if (past.length > 4 * (PAST_MS / 1000)) past.shift();
    this.#past.set(book.id, past);
    this.#send("risk", snapshot);
  }

  #send(event: string, data: unknown, raw?: string): void {
    this.#id += 1;
    const frame = `event: ${event}\nid: ${this.#id}\ndata: ${raw ?? JSON.stringify(data)}\n\n`;
    if (!this.#silent) for (const stream of this.#streams) stream.write(frame);
  }

  #health() {
    return {
      schema: 1,
      state: "ok",
      server_time: new Date().toISOString(),
      run: this.#options.replay ? "replay-1f0c2d3e4a5b" : "live",
      newest_id: String(this.#id),
      risk_age_s: 0.1,
      clients: this.#streams.size,
      undelivered: 0,
      parts: [
        {
          name: "engine",
          state: this.#frozen ? "down" : "ok",
          reason: this.#frozen ? "no heartbeat" : null,
          age_s: 0.4,
        },
        { name: "archive", state: "ok", reason: null, age_s: 0.7 },
        { name: "database", state: "ok", reason: null, age_s: 0.0 },
      ],
      feeds: [
        {
          name: "coinbase",
          state: "connected",
          reason: null,
          age_s: 0.1,
          frames: 40 * this.#id,
          rate: 412.5,
          reconnects: 1,
          missing: 0,
          lag_ms: 23.4,
        },
        {
          name: "binance",
          state: "reconnecting",
          reason: "refused: 503",
          age_s: 31,
          frames: 18_220,
          rate: 0,
          reconnects: 3,
          missing: 12,
          lag_ms: 61,
        },
      ],
      ledger: ledgerOf(40 * this.#id),
    };
  }

  #status(): void {
    const frame = `event: status\ndata: ${JSON.stringify(this.#health())}\n\n`;
    if (!this.#silent) for (const stream of this.#streams) stream.write(frame);
  }

  join(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 2000\n\n");
    this.#streams.add(response);
    request.on("close", () => this.#streams.delete(response));
    for (const snapshot of this.#newest.values()) {
      response.write(`event: risk\nid: ${this.#id}\ndata: ${JSON.stringify(snapshot)}\n\n`);
    }
    response.write(`event: status\ndata: ${JSON.stringify(this.#health())}\n\n`);
  }

  summaries() {
    return this.#books.map(({ id }) => ({ portfolio: id, state: "ok" }));
  }

  latest(id: string): Payload | null {
    return this.#newest.get(id) ?? null;
  }

  whatIf(id: string, trades: readonly Candidate[]) {
    const book = this.#book(id);
    return book === null ? null : whatIf(this.#market, book, trades);
  }

  stress(id: string, asked: readonly NewScenario[]) {
    const book = this.#book(id);
    return book === null ? null : stress(book, asked);
  }

  covariance(symbols: readonly string[]) {
    return covariance(this.#market, symbols);
  }

  #book(id: string): Book | null {
    return this.#books.find((one) => one.id === id) ?? null;
  }

  history(id: string, search: URLSearchParams) {
    const start = Date.parse(search.get("start") ?? "") || 0;
    const stepMs = (Number.parseInt(search.get("resolution") ?? "1", 10) || 1) * 1000;
    const bySlot = new Map<number, Remembered>();
    for (const point of this.#past.get(id) ?? []) {
      const moment = Date.parse(point.event_time);
      if (moment >= start) bySlot.set(Math.floor(moment / stepMs), point);
    }
    return { portfolio: id, resolution: `${stepMs / 1000}s`, points: [...bySlot.values()] };
  }

  /** Plays a fault; false when there is none of this name. */
  play(action: string): boolean {
    const faults: Record<string, () => void> = {
      drop: () => this.#hangUp(),
      down: () => {
        this.down = true;
        this.#hangUp();
      },
      up: () => {
        this.down = false;
      },
      silence: () => {
        this.#silent = true;
      },
      speak: () => {
        this.#silent = false;
      },
      freeze: () => {
        this.#frozen = true;
        this.#status();
      },
      thaw: () => {
        this.#frozen = false;
      },
      garbage: () => this.#send("risk", null, '{"schema":1,"portfolio":"<img src=x>","measures":'),
      reset: () => this.#send("reset", { schema: 1, reason: "too_old" }),
      breach: () => this.#send("alert", this.#alert()),
    };
    const fault = faults[action];
    fault?.();
    return fault !== undefined;
  }

  #hangUp(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  #alert() {
    const now = new Date().toISOString();
    return {
      schema: 1,
      id: `main-var-${this.#id}`,
      portfolio: "main",
      rule: "var",
      method: "historical",
      confidence: 0.99,
      scenario: null,
      reason: null,
      silenced: false,
      state: "firing",
      level: "breach",
      value: 41_250,
      limit: 40_000,
      since: now,
      event_time: now,
    };
  }
}

/** Where `received` ticks went: nearly all of them to good use. */
function ledgerOf(received: number) {
  const duplicate = Math.floor(received / 400);
  const late = Math.floor(received / 3000);
  const rejected = { price_not_positive: Math.floor(received / 9000), unknown_symbol: 2 };
  const refused = rejected.price_not_positive + rejected.unknown_symbol;
  return { received, accepted: received - duplicate - late - refused, duplicate, late, rejected, missing: 3 };
}
