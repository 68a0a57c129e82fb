import { useChosen } from "../app/view.ts";
import { METHOD_NAMES, METHODS, type Method } from "../client/types.ts";
import { confidenceLabel, money, moneyExact, NO_VALUE, signedMoney } from "../format/number.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Figure } from "../parts/Figure.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sparkline } from "../parts/Sparkline.tsx";
import { StandardError } from "../parts/StandardError.tsx";
import { worstOf } from "../risk/alerts.ts";
import { measureOf, reasonOf } from "../risk/measures.ts";
import { useSampled } from "../store/hooks.ts";
import { figureKey } from "../store/series.ts";
import type { Portfolio, State } from "../store/state.ts";
import styles from "./Portfolios.module.css";

const REDRAW_MS = 500;
const HEADS = [
  "Portfolio",
  "Alerts",
  ...METHODS.map((method) => METHOD_NAMES[method]),
  "Since this page opened",
  "Gross",
  "P&L today",
];
const stateOf = (state: State) => state;

/** Every portfolio at a glance; a row leads to its overview. */
export function PortfoliosPanel() {
  const { confidence, metric } = useChosen();
  const state = useSampled(stateOf, REDRAW_MS);
  const ids = state.portfolioIds ?? [];
  const name = metric === "var" ? "VaR" : "ES";
  return (
    <Panel area="auto" title="Portfolios" note={`${name} ${confidenceLabel(confidence)}`}>
      {ids.length === 0 ? (
        <Message title="Loading…" />
      ) : (
        <DataTable heads={HEADS} className={styles.table}>
          {ids.map((id) => (
            <Row key={id} {...{ id, state }} />
          ))}
        </DataTable>
      )}
    </Panel>
  );
}

function Row({ id, state }: { id: string; state: State }) {
  const { portfolio: chosen, change } = useChosen();
  const held = state.portfolios[id];
  const snapshot = held?.snapshot ?? null;
  const currency = snapshot?.base_currency ?? "USD";
  const missing = snapshot === null ? (held?.reason ?? "no figures have come yet") : "not known yet";
  const cell = (value: number | null, text: string) => (
    <td>
      <Figure text={text} tip={value === null ? missing : moneyExact(value, currency)} />
    </td>
  );
  const gross = snapshot?.gross ?? null;
  const pnl = snapshot?.pnl_today ?? null;
  return (
    <tr data-chosen={id === chosen || undefined}>
      <th scope="row">
        <button type="button" onClick={() => change({ portfolio: id, screen: "overview" })}>
          {id}
        </button>
      </th>
      <td>
        <AlertState {...{ id, state }} />
      </td>
      {METHODS.map((method) => (
        <MethodCell key={method} {...{ method, held, missing, currency }} />
      ))}
      <td className={styles.line}>
        <Trend held={held} />
      </td>
      {cell(gross, money(gross, currency))}
      {cell(pnl, signedMoney(pnl, currency))}
    </tr>
  );
}

interface CellProps {
  method: Method;
  held: Portfolio | undefined;
  missing: string;
  currency: string;
}

function MethodCell({ method, held, missing, currency }: CellProps) {
  const { confidence, metric } = useChosen();
  const snapshot = held?.snapshot ?? null;
  const measure = measureOf(snapshot, method, confidence);
  const value = measure?.[metric] ?? null;
  const why = snapshot === null ? missing : (reasonOf(snapshot) ?? missing);
  return (
    <td>
      <StandardError
        value={(metric === "var" ? measure?.var_stderr : measure?.es_stderr) ?? null}
        currency={currency}
      />{" "}
      <Figure text={money(value, currency)} tip={value === null ? why : moneyExact(value, currency)} />
    </td>
  );
}

function Trend({ held }: { held: Portfolio | undefined }) {
  const { confidence, metric } = useChosen();
  if (held === undefined) return NO_VALUE;
  const values = held.series.points.map(
    ({ figures }) => figures[figureKey(METHOD, confidence, metric)] ?? null,
  );
  return <Sparkline values={values} label={`${held.id} over time`} />;
}

/** The smoothest of the three: a sparkline has no room for scenarios that come and go. */
const METHOD: Method = "parametric";

function AlertState({ id, state }: { id: string; state: State }) {
  const worst = worstOf(Object.values(state.alerts), id);
  if (worst === null) return <span className={styles.quiet}>none</span>;
  return (
    <span className={styles.alert} data-level={worst.level}>
      {worst.count} {worst.level}
    </span>
  );
}
