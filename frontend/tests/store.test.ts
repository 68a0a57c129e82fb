import { expect, test, vi } from "vitest";
import { initialState, withGarbage } from "../src/store/state.ts";
import { Store } from "../src/store/store.ts";

test("a hundred events in a frame are one notification, with the last state", () => {
  const frames: (() => void)[] = [];
  const store = new Store(initialState(1000), (callback) => frames.push(callback));
  const listener = vi.fn();
  store.subscribe(listener);
  for (let i = 0; i < 100; i += 1) store.update(withGarbage);
  expect(store.shown().garbage).toBe(0);
  expect(frames).toHaveLength(1);
  frames[0]?.();
  expect(listener).toHaveBeenCalledTimes(1);
  expect(store.shown().garbage).toBe(100);
});

test("a hidden page is told once, when it shows again", () => {
  const page = { hidden: true };
  vi.stubGlobal("document", page);
  const store = new Store(initialState(1000));
  const listener = vi.fn();
  store.subscribe(listener);
  store.update(withGarbage);
  store.update(withGarbage);
  expect(listener).not.toHaveBeenCalled();
  page.hidden = false;
  store.flush();
  expect(listener).toHaveBeenCalledTimes(1);
  expect(store.shown().garbage).toBe(2);
  vi.unstubAllGlobals();
});

test("a step that changes nothing tells nobody", () => {
  const schedule = vi.fn();
  const store = new Store(initialState(1000), schedule);
  store.update((state) => state);
  expect(schedule).not.toHaveBeenCalled();
});
