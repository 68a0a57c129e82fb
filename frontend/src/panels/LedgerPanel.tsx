import type { Ledger } from "../client/types.ts";
import { count, percent, ratio } from "../format/number.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { fatesOf, unaccounted } from "../risk/ledger.ts";
import styles from "./Health.module.css";
import { useStatus } from "./PartsPanel.tsx";

export function LedgerPanel() {
  const ledger = useStatus()?.ledger ?? null;
  return (
    <Panel area="ledger" title="Ledger" note={ledger === null ? "" : verdictOf(ledger)}>
      {ledger === null ? (
        <Message title="No ledger yet">The engine tells where every tick went once it runs.</Message>
      ) : (
        <Fates ledger={ledger} />
      )}
    </Panel>
  );
}

function verdictOf(ledger: Ledger): string {
  const left = unaccounted(ledger);
  if (left === 0) return "adds up: every tick has one fate";
  return Math.abs(left) === 1 ? "1 tick does not add up" : `${count(Math.abs(left))} ticks do not add up`;
}

/** Of many ticks a few are not none. */
function shareOf(times: number, all: number): string {
  const share = ratio(times, all);
  return share !== null && share > 0 && share < 0.0001 ? "<0.01%" : percent(share, 2);
}

function Fates({ ledger }: { ledger: Ledger }) {
  return (
    <DataTable className={styles.table}>
      <tr className={styles.total}>
        <th scope="row">received</th>
        <td>{count(ledger.received)}</td>
        <td />
      </tr>
      {fatesOf(ledger).map(({ name, count: times, meaning }) => (
        <tr key={name} data-tip={meaning}>
          <th scope="row">{name}</th>
          <td>{count(times)}</td>
          <td>{shareOf(times, ledger.received)}</td>
        </tr>
      ))}
      <tr
        data-bad={ledger.missing > 0 || undefined}
        data-tip="By the venues' own numbering; not among those received"
      >
        <th scope="row">never came</th>
        <td>{count(ledger.missing)}</td>
        <td />
      </tr>
    </DataTable>
  );
}
