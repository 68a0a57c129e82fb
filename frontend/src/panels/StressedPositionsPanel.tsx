import type { ScenarioPnl, Stress } from "../client/types.ts";
import { moneyExact, percent, ratio, signedMoney } from "../format/number.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Figure } from "../parts/Figure.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { PnlBar } from "../parts/PnlBar.tsx";
import styles from "./Stress.module.css";

const MOST_ROWS = 200;

interface Props {
  result: ScenarioPnl | null;
  stress: Stress | null;
}

/** One scenario, position by position: what the sum is made of. */
export function StressedPositionsPanel({ result, stress }: Props) {
  const currency = stress?.base_currency ?? "USD";
  const all = result?.positions ?? [];
  const positions = all.filter(({ pnl }) => pnl !== 0);
  const still = all.length - positions.length;
  const widest = Math.max(...positions.map(({ pnl }) => Math.abs(pnl)), 0);
  return (
    <Panel
      area="positions"
      title="By position"
      note={result === null ? "" : `${result.scenario}: ${signedMoney(result.pnl, currency)}`}
    >
      {positions.length === 0 ? (
        <Message title={result === null ? "…" : "No position moves"}>{result?.reason}</Message>
      ) : (
        <>
          <DataTable className={styles.table}>
            {positions.slice(0, MOST_ROWS).map(({ symbol, pnl, market_value }) => (
              <tr key={symbol}>
                <th scope="row">{symbol}</th>
                <td className={styles.bar}>
                  <PnlBar value={pnl} widest={widest} />
                </td>
                <td>
                  <Figure text={signedMoney(pnl, currency)} tip={moneyExact(pnl, currency)} />
                </td>
                <td>{percent(ratio(pnl, Math.abs(market_value)), 1)}</td>
              </tr>
            ))}
          </DataTable>
          {positions.length > MOST_ROWS && (
            <p className={styles.note}>and {positions.length - MOST_ROWS} positions more, that matter less</p>
          )}
          {still > 0 && (
            <p className={styles.note}>{still === 1 ? "1 position" : `${still} positions`} not moved</p>
          )}
        </>
      )}
      {stress?.uncovered.map(({ symbol, reason }) => (
        <p key={symbol} className={styles.note}>
          {symbol} is left out: {reason}
        </p>
      ))}
    </Panel>
  );
}
