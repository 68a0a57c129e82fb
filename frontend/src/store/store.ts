/**
 * The external store under the page. Events change it as fast as they come; those who look are told at most once a
 * frame, and not at all while the page is hidden (one call when it shows again).
 */
import type { State } from "./state.ts";

export type Step = (state: State) => State;
type Schedule = (callback: () => void) => void;

const nextFrame: Schedule = (callback) => {
  if (!document.hidden) requestAnimationFrame(callback);
};

export class Store {
  #state: State;
  #shown: State;
  #pending = false;
  readonly #listeners = new Set<() => void>();
  readonly #schedule: Schedule;

  constructor(state: State, schedule: Schedule = nextFrame) {
    this.#state = state;
    this.#shown = state;
    this.#schedule = schedule;
  }

  /** The newest state, for the next step. */
  get current(): State {
    return this.#state;
  }

  /** The state of the last frame: the same for everyone who looks during it. */
  readonly shown = (): State => this.#shown;

  readonly update = (step: Step): void => {
    const next = step(this.#state);
    if (next === this.#state) return;
    this.#state = next;
    if (this.#pending) return;
    this.#pending = true;
    this.#schedule(this.flush);
  };

  readonly flush = (): void => {
    this.#pending = false;
    if (this.#shown === this.#state) return;
    this.#shown = this.#state;
    for (const listener of this.#listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
