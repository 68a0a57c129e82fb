import { ActionIcon } from "@mantine/core";
import { deleteScenario } from "../client/http.ts";
import type { Scenario, ScenarioPnl, Stress } from "../client/types.ts";
import { moneyExact, percent, ratio, signedMoney } from "../format/number.ts";
import { clock, momentOf } from "../format/time.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Figure } from "../parts/Figure.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { PnlBar } from "../parts/PnlBar.tsx";
import styles from "./Stress.module.css";
import type { Asked } from "./useAsked.ts";

interface Props {
  results: readonly ScenarioPnl[];
  /** Of the scenario being composed. */
  yours: ScenarioPnl | null;
  all: Asked<Stress>;
  scenarios: readonly Scenario[];
  shown: string | null;
  pick: (name: string) => void;
  edit: (scenario: Scenario) => void;
  onChanged: () => void;
}

export function ScenariosPanel(props: Props) {
  const { results, yours, all } = props;
  const { answer, error } = all;
  return (
    <Panel
      area="scenarios"
      title="Scenarios"
      note={answer === null ? "" : `as of ${clock(momentOf(answer.event_time), true)}, the worst first`}
    >
      {error !== null && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
      {answer === null ? (
        error === null && <Message title="Asking…" />
      ) : (
        <DataTable className={styles.table}>
          {[...(yours === null ? [] : [yours]), ...results].map((result) => (
            <Row key={result === yours ? " yours" : result.scenario} {...{ result, answer, ...props }} />
          ))}
        </DataTable>
      )}
    </Panel>
  );
}

function Row(props: Props & { result: ScenarioPnl; answer: Stress }) {
  const { result, answer, results, yours, scenarios, shown, pick, edit, onChanged } = props;
  const widest = Math.max(
    ...[...results, ...(yours === null ? [] : [yours])].map(({ pnl }) => Math.abs(pnl ?? 0)),
  );
  const known = result === yours ? undefined : scenarios.find(({ name }) => name === result.scenario);
  const remove = async () => {
    await deleteScenario(result.scenario);
    onChanged();
  };
  return (
    <tr data-shown={result.scenario === shown || undefined}>
      <th scope="row">
        <button type="button" data-tip={tipOf(known)} onClick={() => pick(result.scenario)}>
          {result.scenario}
        </button>
        {known !== undefined && !known.episode && (
          <ActionIcon
            size={18}
            variant="subtle"
            color="gray"
            aria-label={`Edit ${result.scenario}`}
            data-tip={known.built_in ? "Make one of your own from it" : "Change it"}
            onClick={() => edit(known)}
          >
            ✎
          </ActionIcon>
        )}
        {known !== undefined && !known.built_in && (
          <ActionIcon
            size={18}
            variant="subtle"
            color="gray"
            aria-label={`Delete ${result.scenario}`}
            onClick={() => void remove()}
          >
            ×
          </ActionIcon>
        )}
      </th>
      <td className={styles.bar}>{result.pnl !== null && <PnlBar value={result.pnl} widest={widest} />}</td>
      <td>
        <Figure
          text={signedMoney(result.pnl, answer.base_currency)}
          tip={
            result.pnl === null
              ? (result.reason ?? "not known")
              : moneyExact(result.pnl, answer.base_currency)
          }
        />
      </td>
      <td>{percent(ratio(result.pnl, Math.abs(answer.market_value)), 1)}</td>
    </tr>
  );
}

const tipOf = (scenario: Scenario | undefined): string | undefined =>
  scenario === undefined
    ? undefined
    : [scenario.description, scenario.source === null ? "" : `Source: ${scenario.source}`]
        .filter((line) => line !== "")
        .join("\n") || undefined;
