import { useEffect, useRef, useState } from "react";
import { ApiError } from "../client/http.ts";

/** After the last key, and again as the market moves. */
const SETTLE_MS = 250;
const AGAIN_MS = 2000;

export interface Asked<T> {
  answer: T | null;
  error: string | null;
}

export const wordsOf = (error: unknown): string =>
  error instanceof ApiError ? error.message : "the server cannot be reached";

/**
 * The answer to a question of the engine, asked anew while the page is seen. `key` tells one question from another;
 * null asks nothing. An answer stays until the next one comes, with the error of the attempt beside it.
 */
export function useAsked<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs = AGAIN_MS,
): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ answer: null, error: null });
  const question = useRef(ask);
  question.current = ask;
  useEffect(() => {
    if (key === null) {
      setAsked({ answer: null, error: null });
      return;
    }
    const request = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const attempt = async () => {
      try {
        if (!document.hidden) setAsked({ answer: await question.current(request.signal), error: null });
      } catch (error) {
        if (!request.signal.aborted) setAsked(({ answer }) => ({ answer, error: wordsOf(error) }));
      }
      if (!request.signal.aborted) timer = setTimeout(() => void attempt(), everyMs);
    };
    timer = setTimeout(() => void attempt(), SETTLE_MS);
    return () => {
      request.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs]);
  return asked;
}
