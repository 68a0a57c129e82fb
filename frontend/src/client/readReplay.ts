/** Reads how far a recording is; see read.ts for the rules. */
import type { Replay } from "./types.ts";
import { isObject, number, readMoment, text } from "./values.ts";

const STATES = ["running", "paused", "ended", "away"] as const;

export function readReplay(value: unknown): Replay | null {
  if (!isObject(value) || value.schema !== 1) return null;
  const state = STATES.find((one) => one === value.state);
  const fraction = number(value.fraction);
  const speed = text(value.speed);
  if (state === undefined || fraction === null || speed === null) return null;
  return {
    state,
    fraction: Math.min(1, Math.max(0, fraction)),
    event_time: readMoment(value.event_time),
    ticks: number(value.ticks) ?? 0,
    speed,
    paused: value.paused === true,
  };
}
