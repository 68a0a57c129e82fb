import { createContext, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Session } from "./session.ts";
import type { State } from "./state.ts";
import type { Store } from "./store.ts";

export interface Live {
  store: Store;
  session: Pick<Session, "look" | "retryNow">;
}

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) throw new Error("useLive needs a LiveContext above it");
  return live;
}

/** A part of the state; `select` must give the same reference for the same part. */
export function useShown<T>(select: (state: State) => T): T {
  const { store } = useLive();
  return useSyncExternalStore(store.subscribe, () => select(store.shown()));
}

/** The same, at most once in `everyMs`: charts cost ten times what numbers cost. */
export function useSampled<T>(select: (state: State) => T, everyMs: number): T {
  const { store } = useLive();
  const [, redraw] = useState(0);
  const drawnAt = useRef(Number.NEGATIVE_INFINITY);
  const selected = useRef(select);
  selected.current = select;
  const value = useRef<T | undefined>(undefined);
  const latest = select(store.shown());

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      if (selected.current(store.shown()) !== value.current) redraw((n) => n + 1);
    };
    const unsubscribe = store.subscribe(() => {
      const wait = drawnAt.current + everyMs - performance.now();
      timer ??= setTimeout(draw, Math.max(0, wait));
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [store, everyMs]);

  drawnAt.current = performance.now();
  value.current = latest;
  return latest;
}

/** The monotonic clock, ticking. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
