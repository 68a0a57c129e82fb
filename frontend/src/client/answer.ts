/** What the answers of the engine have in common: whose they are, as of when, in what currency, what is left out. */
import type { Uncovered } from "./types.ts";
import { isObject, type Json, list, present, readMoment, readUncovered, text } from "./values.ts";

export interface Answer {
  portfolio: string;
  event_time: string;
  base_currency: string;
  uncovered: Uncovered[];
}

/** The head of an answer, and the answer itself to read the rest from. */
export function readAnswer(value: unknown): { head: Answer; body: Json } | null {
  if (!isObject(value) || value.schema !== 1) return null;
  const portfolio = text(value.portfolio);
  const eventTime = readMoment(value.event_time);
  if (portfolio === null || eventTime === null) return null;
  return {
    head: {
      portfolio,
      event_time: eventTime,
      base_currency: text(value.base_currency) ?? "USD",
      uncovered: list(value.uncovered).map(readUncovered).filter(present),
    },
    body: value,
  };
}
