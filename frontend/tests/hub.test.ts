import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FromHub, type Port, StreamHub, subjectOf } from "../src/stream/hub.ts";
import { type HubPort, SharedLine } from "../src/stream/shared.ts";
import type { StreamPhase } from "../src/stream/stream.ts";
import { FakeSource } from "./fixtures.ts";

class Tab implements Port {
  readonly heard: FromHub[] = [];

  postMessage(message: FromHub): void {
    this.heard.push(message);
  }

  get events(): string[] {
    return this.heard.flatMap((message) => (message.kind === "event" ? [message.data] : []));
  }
}

const risk = (portfolio: string, seq: number): string => JSON.stringify({ schema: 1, portfolio, seq });
const alert = (id: string): string => JSON.stringify({ schema: 1, id, portfolio: "a" });

let hub: StreamHub;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.made = [];
  hub = new StreamHub({
    url: "/stream",
    createSource: (url) => new FakeSource(url),
    random: () => 0.5,
    now: Date.now,
  });
});

afterEach(() => vi.useRealTimers());

describe("tabs", () => {
  test("share one stream, however many they are", () => {
    const tabs = Array.from({ length: 7 }, () => new Tab());
    for (const tab of tabs) hub.join(tab);
    FakeSource.last.emit("open");
    FakeSource.last.emit("risk", risk("a", 1), "c/1");
    expect(FakeSource.made).toHaveLength(1);
    for (const tab of tabs) expect(tab.events).toEqual([risk("a", 1)]);
  });

  test("that join late hear the last word on each thing, and each alert", () => {
    hub.join(new Tab());
    FakeSource.last.emit("open");
    const said: [string, string][] = [
      ["risk", risk("a", 1)],
      ["risk", risk("b", 1)],
      ["alert", alert("one")],
      ["risk", risk("a", 2)],
      ["alert", alert("two")],
      ["status", "{}"],
    ];
    for (const [name, data] of said) FakeSource.last.emit(name, data);
    const late = new Tab();
    hub.join(late);
    expect(late.heard[0]).toMatchObject({ kind: "phase", phase: "open" });
    expect(late.events).toEqual([risk("b", 1), alert("one"), risk("a", 2), alert("two"), "{}"]);
  });

  test("hear after a reset only what came after it", () => {
    hub.join(new Tab());
    FakeSource.last.emit("risk", risk("a", 1));
    FakeSource.last.emit("reset", "{}");
    FakeSource.last.emit("risk", risk("a", 9));
    const late = new Tab();
    hub.join(late);
    expect(late.events).toEqual([risk("a", 9)]);
  });

  test("close the stream with the last of them, and go on at its cursor", () => {
    const [one, other] = [new Tab(), new Tab()];
    hub.join(one);
    hub.join(other);
    FakeSource.last.emit("risk", risk("a", 1), "c/1");
    hub.leave(one);
    expect(FakeSource.last.closed).toBe(false);
    hub.leave(other);
    expect(FakeSource.last.closed).toBe(true);
    hub.join(one);
    expect(FakeSource.last.url).toBe("/stream?cursor=c%2F1");
  });
});

test("what an event speaks of is told without reading all of it, whatever a name holds", () => {
  expect(subjectOf("risk", risk('quo"te\\', 1))).not.toBe(subjectOf("risk", risk("quo", 1)));
  expect(subjectOf("status", "{}")).toBe("status");
  expect(subjectOf("risk", "garbage")).toBe("risk ");
});

test("a tab reckons the next attempt by its own clock", () => {
  const phases: StreamPhase[] = [];
  const port: HubPort & { sent: string[] } = {
    sent: [],
    onmessage: null,
    postMessage: (message) => port.sent.push(message),
    close: () => port.sent.push("close"),
  };
  vi.stubGlobal("addEventListener", vi.fn());
  vi.stubGlobal("removeEventListener", vi.fn());
  const line = new SharedLine(
    { onEvent: () => {}, onPhase: (phase) => phases.push(phase), now: () => 100 },
    () => port,
  );
  line.start();
  const waiting: FromHub = { kind: "phase", phase: "waiting", attempt: 2, waitMs: 700 };
  port.onmessage?.(new MessageEvent("message", { data: waiting }));
  expect(phases).toEqual([{ phase: "waiting", attempt: 2, retryAt: 800 }]);
  line.retryNow();
  line.stop();
  expect(port.sent).toEqual(["retry", "leave", "close"]);
  vi.unstubAllGlobals();
});

test("a tab that is slow is handed the newest figures of each portfolio, and every alert", () => {
  const heard: string[] = [];
  const port: HubPort = { onmessage: null, postMessage: () => {}, close: () => {} };
  vi.stubGlobal("addEventListener", vi.fn());
  const line = new SharedLine(
    { onEvent: (name, data) => heard.push(`${name} ${data}`), onPhase: () => {}, now: () => 0 },
    () => port,
  );
  line.start();
  const say = (name: "risk" | "alert" | "reset", data: string) =>
    port.onmessage?.(new MessageEvent("message", { data: { kind: "event", name, data } }));
  for (let seq = 1; seq <= 3; seq += 1) {
    say("risk", risk("a", seq));
    say("alert", alert(String(seq)));
  }
  say("risk", risk("b", 1));
  vi.runOnlyPendingTimers();
  expect(heard).toEqual([
    ...["1", "2", "3"].map((id) => `alert ${alert(id)}`),
    `risk ${risk("a", 3)}`,
    `risk ${risk("b", 1)}`,
  ]);
  say("risk", risk("a", 9));
  say("reset", "{}");
  say("risk", risk("a", 4));
  vi.runOnlyPendingTimers();
  expect(heard.slice(5)).toEqual(["reset {}", `risk ${risk("a", 4)}`]);
  vi.unstubAllGlobals();
});
