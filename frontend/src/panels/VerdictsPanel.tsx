import { useChosen } from "../app/view.ts";
import { type Backtest, FORECAST_NAMES, type ForecastTest, type LikelihoodTest } from "../client/types.ts";
import { confidenceLabel, count, decimal } from "../format/number.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Figure } from "../parts/Figure.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { speaksAgainst, TESTS } from "../risk/backtest.ts";
import type { Asked } from "./useAsked.ts";
import styles from "./Verdicts.module.css";

const HEADS = [
  "Forecast",
  "Light",
  "Exceptions",
  "Expected",
  ...TESTS.map(([test, name, tip]) => (
    <span key={test} data-tip={`${tip}\nBelow 0.05 speaks against the forecasts`}>
      {name} p
    </span>
  )),
  <span
    key="z2"
    data-tip="Expected Shortfall (Acerbi, Szekely): 0 is expected, negative when losses are deeper or more"
  >
    Z2
  </span>,
  "In words",
];

/** What every test says of each method and confidence, in figures and in words. */
export function VerdictsPanel({ answer, error }: Asked<Backtest>) {
  const { pnl: wanted, job } = useChosen();
  const pnl = job === null ? wanted : "hypothetical";
  const tests = (answer?.tests ?? []).filter((test) => test.pnl === pnl);
  return (
    <Panel
      area="verdicts"
      title="Verdicts"
      note={answer === null ? "" : `by ${pnl} P&L; tests at the 5 % level`}
    >
      {tests.length === 0 ? (
        <Message title={answer === null && error === null ? "Asking…" : "No verdict yet"}>
          {error ?? (answer === null ? null : "No forecast has met its bar yet.")}
        </Message>
      ) : (
        <DataTable heads={HEADS} className={styles.table}>
          {tests.map((test) => (
            <Row key={`${test.method}|${test.confidence}`} test={test} />
          ))}
        </DataTable>
      )}
    </Panel>
  );
}

function Row({ test }: { test: ForecastTest }) {
  const { forecast, confidence, change } = useChosen();
  const isShown = test.method === forecast && test.confidence === confidence;
  const name = `${FORECAST_NAMES[test.method]} ${confidenceLabel(test.confidence)}`;
  return (
    <tr data-shown={isShown || undefined}>
      <th scope="row">
        <button
          type="button"
          aria-pressed={isShown}
          onClick={() => change({ forecast: test.method, confidence: test.confidence })}
        >
          {name}
        </button>
      </th>
      <td>
        <span className={styles.light} data-zone={test.light.zone} data-tip={test.light.reason ?? undefined}>
          <i aria-hidden="true" />
          {test.light.zone}
        </span>
      </td>
      <td>
        {count(test.exceptions)} <small>of {count(test.bars)}</small>
      </td>
      <td>{decimal(test.expected, 1)}</td>
      {TESTS.map(([key]) => (
        <td key={key} data-against={speaksAgainst(test[key]) || undefined}>
          <Probability test={test[key]} />
        </td>
      ))}
      <td>
        <Figure
          text={decimal(test.z2.statistic, 2)}
          tip={test.z2.statistic === null ? (test.z2.reason ?? "not known") : decimal(test.z2.statistic, 6)}
        />
      </td>
      <td className={styles.words}>{test.verdict}</td>
    </tr>
  );
}

function Probability({ test: { statistic, p_value, reason } }: { test: LikelihoodTest }) {
  const full = `p ${decimal(p_value, 6)}, statistic ${decimal(statistic, 4)}`;
  return <Figure text={decimal(p_value, 3)} tip={p_value === null ? (reason ?? "not known") : full} />;
}
