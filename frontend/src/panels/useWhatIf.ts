import { useEffect, useState } from "react";
import { ApiError, askWhatIf } from "../client/http.ts";
import type { Candidate, WhatIf } from "../client/types.ts";

/** After the last key, and again as the market moves. */
const SETTLE_MS = 250;
const AGAIN_MS = 2000;

export interface Asked {
  answer: WhatIf | null;
  error: string | null;
}

const NOTHING: Asked = { answer: null, error: null };

const wordsOf = (error: unknown): string =>
  error instanceof ApiError ? error.message : "the server cannot be reached";

/** What the trades would do to the portfolio, asked anew while they stand. */
export function useWhatIf(portfolio: string, trades: readonly Candidate[] | null): Asked {
  const [asked, setAsked] = useState(NOTHING);
  const key = JSON.stringify(trades);
  useEffect(() => {
    const wanted = JSON.parse(key) as Candidate[] | null;
    if (wanted === null) {
      setAsked(NOTHING);
      return;
    }
    const request = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      try {
        if (!document.hidden) {
          const answer = await askWhatIf(portfolio, wanted, request.signal);
          setAsked({ answer, error: null });
        }
      } catch (error) {
        if (request.signal.aborted) return;
        setAsked(({ answer }) => ({ answer, error: wordsOf(error) }));
      }
      if (!request.signal.aborted) timer = setTimeout(() => void ask(), AGAIN_MS);
    };
    timer = setTimeout(() => void ask(), SETTLE_MS);
    return () => {
      request.abort();
      clearTimeout(timer);
    };
  }, [portfolio, key]);
  return asked;
}
