import { useMemo } from "react";
import type { Covariance } from "../client/types.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sized } from "../parts/Sized.tsx";
import { clusteredOrder, strongestPairs } from "../risk/clusters.ts";
import styles from "./Correlation.module.css";
import { HeatMap } from "./HeatMap.tsx";
import { correlationText } from "./heat.ts";

interface Props {
  answer: Covariance | null;
  error: string | null;
  /** Positions that are not shown. */
  left: number;
}

export function CorrelationPanel({ answer, error, left }: Props) {
  const order = useMemo(() => (answer === null ? [] : clusteredOrder(answer.correlation)), [answer]);
  return (
    <Panel area="map" title="Correlation" note={answer === null ? "" : noteOf(answer, left)}>
      {error !== null && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
      {answer === null ? (
        error === null && <Message title="Asking…" />
      ) : (
        <>
          <Sized>{(size) => <HeatMap covariance={answer} order={order} {...size} />}</Sized>
          <Pairs covariance={answer} />
        </>
      )}
    </Panel>
  );
}

function noteOf({ symbols, bar }: Covariance, left: number): string {
  const others = left > 0 ? `, the ${left} smallest positions left out` : "";
  return `${symbols.length} instruments, returns of ${bar}, those that move together side by side${others}`;
}

/** The same for those who do not see the map. */
function Pairs({ covariance: { symbols, correlation } }: { covariance: Covariance }) {
  return (
    <ul className="visually-hidden" aria-label="Strongest correlations">
      {strongestPairs(correlation, 10).map(({ one, other, correlation: value }) => (
        <li key={`${one}|${other}`}>
          {symbols[one]} and {symbols[other]}: {correlationText(value)}
        </li>
      ))}
    </ul>
  );
}
