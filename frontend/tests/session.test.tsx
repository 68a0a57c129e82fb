import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Session } from "../src/store/session.ts";
import { initialState, portfolioOf } from "../src/store/state.ts";
import { Store } from "../src/store/store.ts";
import { STREAM_URL } from "../src/stream/url.ts";
import { alert, FakeSource, later, snapshot, wire } from "./fixtures.ts";

let store: Store;
let session: Session;
let asked: string[];
let answers: Record<string, () => Response>;

const json =
  (body: unknown, status = 200) =>
  () =>
    new Response(JSON.stringify(body), { status });

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.made = [];
  asked = [];
  answers = {
    "/api/v1/portfolios": json([{ portfolio: "main" }]),
    "/api/v1/portfolios/main/risk": json(JSON.parse(wire(later(10)))),
    "/api/v1/portfolios/main/risk/history": json({ points: [later(7), later(8), later(10)] }),
  };
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    const answer = answers[path.split("?")[0] ?? ""];
    if (answer === undefined) throw new TypeError("Failed to fetch");
    return answer();
  });
  store = new Store(initialState(1000), (callback) => callback());
  session = new Session(store, { source: (url) => new FakeSource(url) });
  session.start();
});

afterEach(() => {
  session.stop();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(1);
const momentsOf = (id: string) => portfolioOf(store.current, id).series.points.length;

test("history is asked for once there is a present to end it, and joined to it", async () => {
  session.look("main", 300_000);
  await settle();
  expect(FakeSource.last.url).toBe(STREAM_URL);
  const history = asked.find((path) => path.includes("history"));
  expect(history).toContain("resolution=1s");
  expect(history).toContain(`start=${encodeURIComponent("2026-11-22T09:25:10.000Z")}`);
  expect(momentsOf("main")).toBe(3);
});

test("the whole series is asked for since its beginning, which the history tells", async () => {
  const begins = "2026-11-22T08:30:10.000Z";
  answers["/api/v1/portfolios/main/risk/history"] = json({ begins, points: [later(7), later(10)] });
  session.look("main", Number.POSITIVE_INFINITY);
  await settle();
  const last = asked.filter((path) => path.includes("history")).at(-1);
  expect(last).toContain(`start=${encodeURIComponent("2026-11-22T08:30:09.000Z")}`);
  expect(last).toContain("resolution=13s");
  expect(portfolioOf(store.current, "main").series).toMatchObject({ whole: true, stepMs: 3_601_000 / 300 });
});

test("a portfolio that is warming up tells why, and its history is asked for all the same", async () => {
  answers["/api/v1/portfolios/main/risk"] = json({ detail: "…", reason: "12 of 30 bars" }, 503);
  session.look("main", 300_000);
  await settle();
  expect(portfolioOf(store.current, "main").reason).toBe("12 of 30 bars");
  expect(asked.some((path) => path.includes("history"))).toBe(true);
});

test("what was missed while the line was down is fetched when it is back", async () => {
  session.look("main", 300_000);
  await settle();
  FakeSource.last.emit("open");
  FakeSource.last.emit("error");
  await vi.advanceTimersByTimeAsync(1000);
  asked = [];
  FakeSource.last.emit("open");
  await settle();
  expect(asked.map((path) => path.split("?")[0])).toContain("/api/v1/portfolios/main/risk/history");
});

test("the list is asked for until it comes", async () => {
  session.stop();
  delete answers["/api/v1/portfolios"];
  const fresh = new Store(initialState(1000), (callback) => callback());
  session = new Session(fresh, { source: (url) => new FakeSource(url) });
  session.start();
  await settle();
  expect(fresh.current.listError).toBe("Failed to fetch");
  answers["/api/v1/portfolios"] = json([{ portfolio: "a" }, { portfolio: "b" }]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(fresh.current.portfolioIds).toEqual(["a", "b"]);
  expect(fresh.current.listError).toBeNull();
});

test("a server that wants to know who asks is told apart from one that is away", async () => {
  await settle();
  answers["/api/v1/portfolios"] = json({ detail: "a token is needed" }, 401);
  FakeSource.last.emit("error");
  await settle();
  expect(store.current.signedOut).toBe(true);
  answers["/api/v1/portfolios"] = json([{ portfolio: "main" }]);
  session.retryNow();
  await settle();
  expect(store.current.signedOut).toBe(false);
});

test("garbage on the stream is counted and the stream goes on", () => {
  FakeSource.last.emit("risk", '{"schema":1,"portfolio":');
  FakeSource.last.emit("risk", '"<b>"', "1");
  FakeSource.last.emit("alert", "[]", "2");
  FakeSource.last.emit("risk", wire(snapshot()), "3");
  expect(store.current.garbage).toBe(3);
  expect(portfolioOf(store.current, "main").snapshot).toEqual(snapshot());
});

test("alerts are handed on whether or not the page looks, with those of before", async () => {
  const handed: string[][] = [];
  session.stop();
  const blind = new Store(initialState(1000), () => {});
  answers["/api/v1/alerts"] = json([{ schema: 1, ...alert({ id: "old" }) }]);
  session = new Session(blind, { source: (url) => new FakeSource(url) }, (alerts) =>
    handed.push(alerts.map(({ id }) => id)),
  );
  session.start();
  FakeSource.last.emit("alert", JSON.stringify({ schema: 1, ...alert({ id: "new" }) }), "1");
  FakeSource.last.emit("open");
  await settle();
  expect(handed).toEqual([["new"], ["new", "old"]]);
});

test("a reset replaces what is held by whatever comes next", async () => {
  session.look("main", 300_000);
  await settle();
  FakeSource.last.emit("reset", "{}");
  FakeSource.last.emit("risk", wire(later(2)), "9");
  expect(portfolioOf(store.current, "main").snapshot).toEqual(later(2));
});
