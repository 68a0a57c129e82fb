/** Whether alerts are to be heard and seen outside the page: off until asked for, remembered by the browser. */

export interface Wishes {
  sound: boolean;
  notification: boolean;
}

export type Memory = Pick<Storage, "getItem" | "setItem">;

const KEY = "tailwatch-alert-wishes";
const TOLD_KEY = "tailwatch-alerts-told";
const MOST_TOLD = 500;

function remembered(memory: Memory, key: string): unknown {
  try {
    return JSON.parse(memory.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function remember(memory: Memory, key: string, value: unknown): void {
  try {
    memory.setItem(key, JSON.stringify(value));
  } catch {
    // storage refused: it holds for as long as the page does not ask again
  }
}

export function readWishes(memory: Memory): Wishes {
  const held = remembered(memory, KEY) as Partial<Wishes> | null;
  return { sound: held?.sound === true, notification: held?.notification === true };
}

export const writeWishes = (memory: Memory, wishes: Wishes): void => remember(memory, KEY, wishes);

export function readTold(memory: Memory): Set<string> {
  const held = remembered(memory, TOLD_KEY);
  return new Set(Array.isArray(held) ? held.filter((id) => typeof id === "string") : []);
}

export const writeTold = (memory: Memory, told: ReadonlySet<string>): void =>
  remember(memory, TOLD_KEY, [...told].slice(-MOST_TOLD));
