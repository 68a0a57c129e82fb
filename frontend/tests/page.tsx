/** The whole page over a store that the test feeds. */
import { act, render } from "@testing-library/react";
import { vi } from "vitest";
import { App } from "../src/app/App.tsx";
import { initialState, type State, withPhase } from "../src/store/state.ts";
import { Store } from "../src/store/store.ts";

export function showPage(search = "") {
  window.history.replaceState(null, "", `/${search}`);
  const store = new Store(initialState(1000), (callback) => callback());
  const session = { look: vi.fn(), retryNow: vi.fn() };
  const page = render(<App live={{ store, session }} />);
  /** Changes the state and lets every panel's clock come round. */
  const feed = async (...steps: ((state: State) => State)[]) => {
    await act(async () => {
      for (const step of steps) store.update(step);
      await vi.advanceTimersByTimeAsync(600);
    });
    // A screen is loaded when it is first looked at.
    await act(async () => {
      await vi.dynamicImportSettled();
      await vi.advanceTimersByTimeAsync(1);
    });
  };
  const open = (state: State) => withPhase(state, { phase: "open" }, performance.now());
  return { ...page, store, session, feed, open };
}
