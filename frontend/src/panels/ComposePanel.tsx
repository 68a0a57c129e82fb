import { ActionIcon, Button, Switch, TextInput } from "@mantine/core";
import { useId, useState } from "react";
import { storeScenario } from "../client/http.ts";
import type { NewScenario } from "../client/types.ts";
import { Panel } from "../parts/Panel.tsx";
import { type Draft, faultOfDraft } from "../risk/scenario.ts";
import { blankLine } from "../risk/ticket.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import styles from "./Stress.module.css";
import { wordsOf } from "./useAsked.ts";

interface Props {
  draft: Draft;
  setDraft: (draft: Draft) => void;
  scenario: NewScenario | null;
  /** What the engine said of the scenario. */
  error: string | null;
  onStored: () => void;
}

/** A scenario of one's own: shown at once, stored on demand. */
export function ComposePanel({ draft, setDraft, scenario, error, onStored }: Props) {
  const fault = faultOfDraft(draft) ?? error;
  return (
    <Panel isForm area="compose" title="Compose" note="shocks in percent; the result is shown at once">
      <div className={styles.compose}>
        <TextInput
          size="xs"
          aria-label="Shock of everything"
          placeholder="Everything, %"
          inputMode="decimal"
          value={draft.everything}
          onChange={(event) => setDraft({ ...draft, everything: event.currentTarget.value })}
        />
        <Shocks {...{ draft, setDraft }} />
        <Switch
          size="xs"
          label="Carry over to the rest by the covariance"
          checked={draft.propagate}
          onChange={(event) => setDraft({ ...draft, propagate: event.currentTarget.checked })}
        />
        {fault !== null && (
          <p className={styles.error} role="alert">
            {fault}
          </p>
        )}
        {scenario !== null && <Storing {...{ draft, setDraft, scenario, onStored }} />}
      </div>
    </Panel>
  );
}

function Shocks({ draft, setDraft }: Pick<Props, "draft" | "setDraft">) {
  const listId = useId();
  const portfolio = useSampledPortfolio(2000);
  const amend = (id: string, part: { symbol?: string; quantity?: string }) =>
    setDraft({
      ...draft,
      lines: draft.lines.map((line) => (line.id === id ? { ...line, ...part } : line)),
    });
  const remove = (id: string) => {
    const left = draft.lines.filter((line) => line.id !== id);
    setDraft({ ...draft, lines: left.length === 0 ? [blankLine()] : left });
  };
  return (
    <>
      <datalist id={listId}>
        {portfolio?.snapshot?.positions.map(({ symbol }) => (
          <option key={symbol} value={symbol} />
        ))}
      </datalist>
      {draft.lines.map((line, i) => (
        <div key={line.id} className={styles.line}>
          <TextInput
            size="xs"
            aria-label={`Symbol ${i + 1}`}
            placeholder="Symbol"
            list={listId}
            value={line.symbol}
            onChange={(event) => amend(line.id, { symbol: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            aria-label={`Shock ${i + 1}`}
            placeholder="Shock, %"
            inputMode="decimal"
            value={line.quantity}
            onChange={(event) => amend(line.id, { quantity: event.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={26}
            aria-label={`Take shock ${i + 1} out`}
            onClick={() => remove(line.id)}
          >
            ×
          </ActionIcon>
        </div>
      ))}
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => setDraft({ ...draft, lines: [...draft.lines, blankLine()] })}
      >
        Add a shock
      </Button>
    </>
  );
}

function Storing({
  draft,
  setDraft,
  scenario,
  onStored,
}: Omit<Props, "scenario" | "error"> & { scenario: NewScenario }) {
  const [error, setError] = useState<string | null>(null);
  const store = async () => {
    try {
      await storeScenario(scenario);
      setError(null);
      setDraft({ name: "", everything: "", propagate: false, lines: [blankLine()] });
      onStored();
    } catch (failure) {
      setError(wordsOf(failure));
    }
  };
  return (
    <div className={styles.line}>
      <TextInput
        size="xs"
        aria-label="Name of the scenario"
        placeholder="Name, to keep it"
        value={draft.name}
        error={error}
        onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
      />
      <Button
        size="compact-sm"
        variant="default"
        disabled={draft.name.trim() === ""}
        onClick={() => void store()}
      >
        Keep
      </Button>
    </div>
  );
}
