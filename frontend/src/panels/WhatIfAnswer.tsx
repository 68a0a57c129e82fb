import { useChosen } from "../app/view.ts";
import { type ComponentChange, METHOD_NAMES, type MeasureChange, type WhatIf } from "../client/types.ts";
import { confidenceLabel, money, moneyExact, quantity, signedMoney } from "../format/number.ts";
import { clock, momentOf } from "../format/time.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Figure } from "../parts/Figure.tsx";
import type { Metric } from "../store/series.ts";
import styles from "./WhatIf.module.css";

const MOST_COMPONENTS = 8;

/** Before, after, and what the trades add. */
export function Answer({ answer }: { answer: WhatIf }) {
  const { confidence } = useChosen();
  const changes = answer.measures.filter((change) => change.confidence === confidence);
  return (
    <>
      <Figures {...{ changes, confidence }} metric="var" currency={answer.base_currency} />
      <Figures {...{ changes, confidence }} metric="es" currency={answer.base_currency} />
      <Movers components={answer.components} currency={answer.base_currency} />
      {answer.uncovered.map(({ symbol, reason }) => (
        <p key={symbol} className={styles.fault}>
          {symbol} is left out of these figures: {reason}
        </p>
      ))}
      <p className={styles.note}>as of market time {clock(momentOf(answer.event_time), true)}</p>
    </>
  );
}

interface FiguresProps {
  changes: readonly MeasureChange[];
  confidence: number;
  metric: Metric;
  currency: string;
}

function valuesOf(change: MeasureChange, metric: Metric) {
  return metric === "var"
    ? { before: change.var_before, after: change.var_after, added: change.incremental_var }
    : { before: change.es_before, after: change.es_after, added: change.incremental_es };
}

function Figures({ changes, confidence, metric, currency }: FiguresProps) {
  return (
    <DataTable
      heads={[
        `${metric === "var" ? "VaR" : "ES"} ${confidenceLabel(confidence)}`,
        "Before",
        "After",
        "Change",
      ]}
      className={styles.figures}
    >
      {changes.map((change) => {
        const { before, after, added } = valuesOf(change, metric);
        const tip = (value: number | null) =>
          value === null ? (change.reason ?? "not known yet") : moneyExact(value, currency);
        return (
          <tr key={change.method}>
            <th scope="row">{METHOD_NAMES[change.method]}</th>
            <td>
              <Figure text={money(before, currency)} tip={tip(before)} />
            </td>
            <td>
              <Figure text={money(after, currency)} tip={tip(after)} />
            </td>
            <td data-sign={added === null ? undefined : added > 0 ? "more" : "less"}>
              <Figure text={signedMoney(added, currency)} tip={tip(added)} />
            </td>
          </tr>
        );
      })}
    </DataTable>
  );
}

function Movers({ components, currency }: { components: readonly ComponentChange[]; currency: string }) {
  if (components.length === 0) return null;
  return (
    <DataTable
      heads={["Moves most", "Quantity after", "Comp. VaR after", "Change"]}
      className={styles.figures}
    >
      {components.slice(0, MOST_COMPONENTS).map((one) => {
        const added = one.component_var_after - one.component_var_before;
        return (
          <tr key={one.symbol}>
            <th scope="row">{one.symbol}</th>
            <td>{quantity(one.quantity_after)}</td>
            <td>
              <Figure
                text={money(one.component_var_after, currency)}
                tip={moneyExact(one.component_var_after, currency)}
              />
            </td>
            <td data-sign={added > 0 ? "more" : "less"}>
              <Figure text={signedMoney(added, currency)} tip={moneyExact(added, currency)} />
            </td>
          </tr>
        );
      })}
    </DataTable>
  );
}
