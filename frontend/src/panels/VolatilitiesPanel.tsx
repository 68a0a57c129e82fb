import type { Covariance } from "../client/types.ts";
import { count, exact, percent } from "../format/number.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Figure } from "../parts/Figure.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import styles from "./Correlation.module.css";

interface Props {
  covariance: Covariance | null;
}

export function VolatilitiesPanel({ covariance }: Props) {
  return (
    <Panel area="volatilities" title="Volatilities" note={covariance === null ? "" : `of ${covariance.bar}`}>
      {covariance === null ? (
        <Message title="…" />
      ) : (
        <>
          <Conditioning covariance={covariance} />
          <DataTable heads={["Instrument", "Volatility", "Returns seen"]}>
            {covariance.symbols.map((symbol, i) => (
              <tr key={symbol}>
                <th scope="row">{symbol}</th>
                <td>
                  <Figure
                    text={percent(covariance.volatilities[i], 3)}
                    tip={exact(covariance.volatilities[i])}
                  />
                </td>
                <td>{count(covariance.observations[i])}</td>
              </tr>
            ))}
          </DataTable>
        </>
      )}
    </Panel>
  );
}

/** How near the matrix is to saying that something has no risk. */
function Conditioning({ covariance: { conditioning } }: { covariance: Covariance }) {
  const { condition_number: number, smallest_eigenvalue: smallest } = conditioning;
  return (
    <p
      className={styles.note}
      data-tip={`Eigenvalues of the correlation from ${exact(smallest)} to ${exact(conditioning.largest_eigenvalue)}`}
    >
      {number === null
        ? "The correlation is singular: some combination of these instruments shows no risk at all."
        : `Condition number ${count(number)}: the larger, the less sure a hedge is.`}
    </p>
  );
}
