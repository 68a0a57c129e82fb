import { useState } from "react";
import { useChosen } from "../app/view.ts";
import { askStress, fetchScenarios, fetchStress } from "../client/http.ts";
import type { ScenarioPnl, Stress } from "../client/types.ts";
import { ComposePanel } from "../panels/ComposePanel.tsx";
import { ScenariosPanel } from "../panels/ScenariosPanel.tsx";
import { StressedPositionsPanel } from "../panels/StressedPositionsPanel.tsx";
import { type Asked, useAsked } from "../panels/useAsked.ts";
import { byLoss, type Draft, draftOf, emptyDraft, scenarioOf } from "../risk/scenario.ts";
import { blankLine } from "../risk/ticket.ts";
import styles from "./screens.module.css";

const LIST_MS = 10_000;

/** What the book would lose if the past came again, or if this or that fell. */
export default function StressScreen() {
  const { portfolio } = useChosen();
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [stored, setStored] = useState(0);
  const [picked, setPicked] = useState<string | null>(null);
  const scenario = scenarioOf(draft);
  const all = useAsked(`${portfolio}|${stored}`, (signal) => fetchStress(portfolio, signal));
  const list = useAsked(String(stored), fetchScenarios, LIST_MS);
  const own = useAsked(scenario === null ? null : `${portfolio}|${JSON.stringify(scenario)}`, (signal) =>
    scenario === null
      ? Promise.reject(new Error("nothing is composed"))
      : askStress(portfolio, scenario, signal),
  );
  const yours = ownResult(own);
  const results = byLoss(all.answer?.results ?? []);
  const shown = yours ?? results.find((result) => result.scenario === picked) ?? results[0] ?? null;
  return (
    <div className={styles.stress}>
      <ScenariosPanel
        {...{ results, yours, all }}
        scenarios={list.answer ?? []}
        shown={shown?.scenario ?? null}
        pick={(name) => {
          setPicked(name);
          setDraft({ ...draft, everything: "", lines: [blankLine()] });
        }}
        edit={(known) => setDraft(draftOf(known) ?? draft)}
        onChanged={() => setStored(stored + 1)}
      />
      <ComposePanel
        {...{ draft, setDraft, scenario }}
        error={own.error}
        onStored={() => setStored(stored + 1)}
      />
      <StressedPositionsPanel result={shown} stress={yours === null ? all.answer : own.answer} />
    </div>
  );
}

const ownResult = (own: Asked<Stress>): ScenarioPnl | null => own.answer?.results[0] ?? null;
