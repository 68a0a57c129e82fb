import { Button, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { storeScenario } from "../client/http.ts";
import type { NewScenario } from "../client/types.ts";
import { Panel } from "../parts/Panel.tsx";
import { type Draft, emptyDraft, faultOfDraft } from "../risk/scenario.ts";
import { Lines } from "./Lines.tsx";
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
        <Lines
          lines={draft.lines}
          setLines={(lines) => setDraft({ ...draft, lines })}
          what="shock"
          names="Symbol, or several"
          amount="Shock"
          placeholder="Shock, %"
        />
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
      setDraft(emptyDraft());
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
