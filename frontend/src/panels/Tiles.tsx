import { useChosen } from "../app/view.ts";
import { METHODS } from "../client/types.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { BookTile } from "./BookTile.tsx";
import { MethodTile } from "./MethodTile.tsx";
import styles from "./Tiles.module.css";

/** Ten times a second is as fast as anyone reads. */
const REDRAW_MS = 100;

export function Tiles() {
  const { confidence } = useChosen();
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
        />
      ))}
      <BookTile snapshot={snapshot} />
    </div>
  );
}
