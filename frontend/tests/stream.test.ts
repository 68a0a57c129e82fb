import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { backoff } from "../src/stream/backoff.ts";
import { RiskStream, SILENCE_MS, type StreamPhase } from "../src/stream/stream.ts";
import { FakeSource } from "./fixtures.ts";

const events: [string, string][] = [];
const phases: StreamPhase[] = [];
let stream: RiskStream;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.made = [];
  events.length = 0;
  phases.length = 0;
  stream = new RiskStream({
    url: "/api/v1/stream?events=risk",
    createSource: (url) => new FakeSource(url),
    onEvent: (name, data) => events.push([name, data]),
    onPhase: (phase) => phases.push(phase),
    random: () => 0.5,
  });
  stream.start();
});

afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

describe("a stream that fails", () => {
  test("is opened again with back-off, at the cursor of the last event", () => {
    FakeSource.last.emit("open");
    FakeSource.last.emit("risk", "{}", "abc/1");
    FakeSource.last.emit("error");
    expect(FakeSource.last.closed).toBe(true);
    expect(phases.at(-1)?.phase).toBe("waiting");
    vi.advanceTimersByTime(500);
    expect(FakeSource.made).toHaveLength(2);
    expect(FakeSource.last.url).toBe("/api/v1/stream?events=risk&cursor=abc%2F1");
  });

  test("waits longer each time, and shortly again once an event has come", () => {
    for (const wait of [500, 1000, 2000]) {
      FakeSource.last.emit("error");
      vi.advanceTimersByTime(wait - 1);
      const made = FakeSource.made.length;
      vi.advanceTimersByTime(1);
      expect(FakeSource.made).toHaveLength(made + 1);
    }
    FakeSource.last.emit("status", "{}");
    FakeSource.last.emit("error");
    vi.advanceTimersByTime(500);
    expect(FakeSource.made).toHaveLength(5);
  });

  test("says nothing more once it has been replaced", () => {
    const old = FakeSource.last;
    old.emit("error");
    vi.advanceTimersByTime(500);
    old.emit("risk", "stale");
    old.emit("error");
    expect(events).toEqual([]);
    expect(FakeSource.made).toHaveLength(2);
  });

  test("can be told to try at once", () => {
    FakeSource.last.emit("error");
    stream.retryNow();
    expect(FakeSource.made).toHaveLength(2);
    vi.advanceTimersByTime(5000);
    expect(FakeSource.made).toHaveLength(2);
  });
});

test("silence beyond two heartbeats is death", () => {
  FakeSource.last.emit("open");
  FakeSource.last.emit("status", "{}");
  vi.advanceTimersByTime(SILENCE_MS - 1);
  expect(FakeSource.last.closed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(FakeSource.last.closed).toBe(true);
});

test("a server that accepts and never answers is given up too", () => {
  vi.advanceTimersByTime(SILENCE_MS);
  expect(phases.at(-1)?.phase).toBe("waiting");
});

test("a reset without an id forgets the cursor", () => {
  FakeSource.last.emit("risk", "{}", "1");
  FakeSource.last.emit("reset", "{}");
  FakeSource.last.emit("error");
  vi.advanceTimersByTime(500);
  expect(FakeSource.last.url).toBe("/api/v1/stream?events=risk");
});

test("a stopped stream stays stopped", () => {
  stream.stop();
  expect(FakeSource.last.closed).toBe(true);
  stream.retryNow();
  vi.advanceTimersByTime(60_000);
  expect(FakeSource.made).toHaveLength(1);
});

test("the back-off is bounded and spread", () => {
  expect(backoff(0, () => 0)).toBe(375);
  expect(backoff(50, () => 1)).toBe(18_750);
});
