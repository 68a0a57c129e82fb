/** The way from the stream to the state, whatever comes along it. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Session } from "../src/store/session.ts";
import { initialState, portfolioOf } from "../src/store/state.ts";
import { Store } from "../src/store/store.ts";
import { alert, FakeSource, later, wire } from "./fixtures.ts";

beforeEach(() => {
  vi.stubGlobal("fetch", async () => Response.json({}));
});

afterEach(() => vi.unstubAllGlobals());

const garbage = fc.record({
  name: fc.constantFrom("risk", "alert", "status", "reset"),
  data: fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.constant('{"schema":1,"portfolio":"main"}')),
});
const figures = fc
  .integer({ min: 0, max: 1000 })
  .map((second) => ({ name: "risk", data: wire(later(second)), second }));
const alerts = fc
  .integer({ min: 0, max: 50 })
  .map((id) => ({ name: "alert", data: JSON.stringify({ schema: 1, ...alert({ id: String(id) }) }), id }));

function after(events: readonly { name: string; data: string }[]) {
  FakeSource.made = [];
  const store = new Store(initialState(1000), () => {});
  const session = new Session(store, { source: (url) => new FakeSource(url) });
  session.start();
  for (const { name, data } of events) FakeSource.last.emit(name, data, "1");
  session.stop();
  return store.current;
}

test("the newest figures stand and no alert is lost, in any order, amid any garbage", () => {
  const noise = garbage.filter(({ name }) => name !== "reset");
  fc.assert(
    fc.property(fc.array(fc.oneof(noise, figures, alerts), { maxLength: 40 }), (events) => {
      const state = after(events);
      const seconds = events.flatMap((event) => ("second" in event ? [event.second] : []));
      const told = new Set(events.flatMap((event) => ("id" in event ? [String(event.id)] : [])));
      expect([...told].every((id) => id in state.alerts)).toBe(true);
      const held = portfolioOf(state, "main").snapshot;
      expect(held?.event_time).toBe(
        seconds.length === 0 ? undefined : later(Math.max(...seconds)).event_time,
      );
    }),
    { numRuns: 200 },
  );
});

test("nothing that comes along it throws, resets included", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(garbage, figures, alerts), { maxLength: 40 }), (events) => {
      expect(after(events).garbage).toBeLessThanOrEqual(events.length);
    }),
    { numRuns: 200 },
  );
});
