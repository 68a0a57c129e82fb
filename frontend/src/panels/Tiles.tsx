import { useMemo } from "react";
import { useChosen } from "../app/view.ts";
import { fetchOpening } from "../client/http.ts";
import { METHODS } from "../client/types.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { type Point, pointOf } from "../store/series.ts";
import { BookTile } from "./BookTile.tsx";
import { MethodTile } from "./MethodTile.tsx";
import styles from "./Tiles.module.css";
import { useAsked } from "./useAsked.ts";

/** Ten times a second is as fast as anyone reads. */
const REDRAW_MS = 100;
/** Another day begins once a day, but nobody knows in which zone. */
const OPENING_MS = 60_000;

function useOpening(portfolio: string): Point | null {
  const { answer } = useAsked(portfolio, (signal) => fetchOpening(portfolio, signal), OPENING_MS);
  return useMemo(() => answer && pointOf(answer), [answer]);
}

export function Tiles() {
  const { portfolio: id, confidence } = useChosen();
  const opening = useOpening(id);
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const snapshot = portfolio?.snapshot ?? null;
  return (
    <div className={styles.tiles}>
      {METHODS.map((method) => (
        <MethodTile
          key={method}
          method={method}
          confidence={confidence}
          snapshot={snapshot}
          series={portfolio?.series ?? null}
          opening={opening}
        />
      ))}
      <BookTile snapshot={snapshot} />
    </div>
  );
}
