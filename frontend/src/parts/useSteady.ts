import { useRef } from "react";

/**
 * Holds a value for `everyMs`, or until `key` changes: an order that follows every tick is an order in which nobody can
 * find anything.
 */
export function useSteady<T>(compute: () => T, key: string, everyMs: number): T {
  const held = useRef<{ key: string; at: number; value: T } | null>(null);
  const now = performance.now();
  if (held.current === null || held.current.key !== key || now - held.current.at > everyMs) {
    held.current = { key, at: now, value: compute() };
  }
  return held.current.value;
}
