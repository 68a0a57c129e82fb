/** How often what is on the screen is drawn while events pour in: counted, not guessed. */
import { act, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Live } from "../src/store/hooks.ts";
import { LiveContext, useSampled, useShown } from "../src/store/hooks.ts";
import { initialState, type State, withAlert, withPortfolioIds, withRisk } from "../src/store/state.ts";
import { Store } from "../src/store/store.ts";
import { alert, later } from "./fixtures.ts";

beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00Z") }));
afterEach(() => vi.useRealTimers());

const main = (state: State) => state.portfolios.main;
const ids = (state: State) => state.portfolioIds;
const alerts = (state: State) => state.alerts;

/** Counts the drawings of a component for each way to look, while `events` come in a second. */
async function drawn(events: number, step: (at: number) => (state: State) => State) {
  const counts = { sampled: 0, ids: 0, alerts: 0 };
  const Sampled = () => {
    useSampled(main, 100);
    counts.sampled += 1;
    return null;
  };
  const Ids = () => {
    useShown(ids);
    counts.ids += 1;
    return null;
  };
  const Alerts = () => {
    useShown(alerts);
    counts.alerts += 1;
    return null;
  };
  const store = new Store(
    withPortfolioIds(initialState(1000), ["main"]),
    (draw) => void setTimeout(draw, 16),
  );
  const live: Live = { store, session: { look: vi.fn(), retryNow: vi.fn() } };
  render(
    <LiveContext value={live}>
      <Sampled />
      <Ids />
      <Alerts />
    </LiveContext>,
  );
  for (let event = 0; event < events; event += 1) {
    await act(async () => {
      store.update(step(event / events));
      await vi.advanceTimersByTimeAsync(1000 / events);
    });
  }
  return counts;
}

test("a panel that looks ten times a second is drawn so often, however fast events come", async () => {
  const counts = await drawn(200, (at) => (state) => withRisk(state, later(at), performance.now()));
  expect(counts.sampled).toBeGreaterThanOrEqual(8);
  expect(counts.sampled).toBeLessThanOrEqual(12);
});

test("what does not change is not drawn again", async () => {
  const counts = await drawn(200, (at) => (state) => withRisk(state, later(at), performance.now()));
  expect(counts.ids).toBe(1);
  expect(counts.alerts).toBe(1);
});

test("a burst is drawn once a frame", async () => {
  const counts = await drawn(1000, (at) => (state) => withAlert(state, alert({ id: String(at) })));
  expect(counts.alerts).toBeLessThanOrEqual(1 + 1000 / 16);
  expect(counts.sampled).toBe(1);
});
