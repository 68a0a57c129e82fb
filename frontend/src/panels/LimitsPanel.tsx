import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useChosen } from "../app/view.ts";
import { putLimits } from "../client/http.ts";
import { type Limit, METHOD_NAMES, METHODS, type Method, type NewLimit } from "../client/types.ts";
import { confidenceLabel, exact, money, moneyExact, percent } from "../format/number.ts";
import { DataTable } from "../parts/DataTable.tsx";
import { Figure } from "../parts/Figure.tsx";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import {
  faultOfLimit,
  isMoney,
  type LimitDraft,
  limitOf,
  ofFigures,
  restated,
  SETTABLE,
  withLimit,
} from "../risk/limits.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import styles from "./Alerts.module.css";
import { type Asked, wordsOf } from "./useAsked.ts";

interface Props {
  portfolio: string;
  asked: Asked<Limit[]>;
  onStated: () => void;
}

export function LimitsPanel({ portfolio, asked, onStated }: Props) {
  const [error, setError] = useState<string | null>(null);
  const limits = asked.answer ?? [];
  const state = async (stated: readonly NewLimit[]) => {
    try {
      await putLimits(portfolio, stated);
      setError(null);
      onStated();
    } catch (failure) {
      setError(wordsOf(failure));
    }
  };
  const fault = error ?? asked.error;
  return (
    <Panel area="auto" title="Limits" note={`of ${portfolio}`}>
      <div className={styles.body}>
        {fault !== null && (
          <p className={styles.error} role="alert">
            {fault}
          </p>
        )}
        {asked.answer === null ? (
          fault === null && <Message title="Asking…" />
        ) : limits.length === 0 ? (
          <Message title="No limits yet">Set one below: it is watched from the next figure on.</Message>
        ) : (
          <Table
            limits={limits}
            remove={(name) => void state(limits.filter((limit) => limit.name !== name).map(restated))}
          />
        )}
        {asked.answer !== null && <Editor set={(added) => void state(withLimit(limits, added))} />}
      </div>
    </Panel>
  );
}

function Table({ limits, remove }: { limits: readonly Limit[]; remove: (name: string) => void }) {
  return (
    <DataTable
      className={styles.table}
      heads={[
        "Limit",
        "State",
        "Now",
        "Used",
        "Warning",
        "Breach",
        <span key="remove" className="visually-hidden">
          Remove
        </span>,
      ]}
    >
      {limits.map((limit) => (
        <Row key={limit.name} {...{ limit, remove }} />
      ))}
    </DataTable>
  );
}

function Row({ limit, remove }: { limit: Limit; remove: (name: string) => void }) {
  const currency = useSampledPortfolio(2000)?.snapshot?.base_currency ?? "USD";
  const shown = (value: number | null, missing: string) => (
    <Figure
      text={isMoney(limit.rule) ? money(value, currency) : exact(value)}
      tip={value === null ? missing : isMoney(limit.rule) ? moneyExact(value, currency) : exact(value)}
    />
  );
  return (
    <tr>
      <th scope="row">{limit.name}</th>
      <td>
        <span className={styles.state} data-level={limit.level ?? "none"}>
          {limit.state === "ok"
            ? "ok"
            : `${limit.level ?? ""} ${limit.state === "acknowledged" ? "(seen)" : ""}`}
        </span>
      </td>
      <td>{shown(limit.value, limit.reason ?? "not known yet")}</td>
      <td className={styles.used}>
        <UsedBar used={limit.utilisation} />
        <Figure text={percent(limit.utilisation, 0)} tip={limit.reason ?? percent(limit.utilisation, 3)} />
      </td>
      <td>{shown(limit.warning, "no warning level")}</td>
      <td>{shown(limit.breach, "no breach level")}</td>
      <td>
        <ActionIcon
          size={20}
          variant="subtle"
          color="gray"
          aria-label={`Remove ${limit.name}`}
          onClick={() => remove(limit.name)}
        >
          ×
        </ActionIcon>
      </td>
    </tr>
  );
}

function UsedBar({ used }: { used: number | null }) {
  if (used === null) return null;
  const level = used >= 1 ? "breach" : used >= 0.8 ? "warning" : "none";
  return (
    <i
      className={styles.bar}
      style={{ width: `${Math.min(100, 100 * Math.max(0, used))}%` }}
      data-level={level}
      aria-hidden="true"
    />
  );
}

function Editor({ set }: { set: (added: NewLimit) => void }) {
  const { confidence } = useChosen();
  const [draft, setDraft] = useState<LimitDraft>({
    rule: "var",
    method: "historical",
    confidence,
    warning: "",
    breach: "",
  });
  const amend = (part: Partial<LimitDraft>) => setDraft({ ...draft, ...part });
  const touched = draft.warning.trim() !== "" || draft.breach.trim() !== "";
  const fault = touched ? faultOfLimit(draft) : null;
  return (
    <form
      className={`${styles.editor} not-printed`}
      onSubmit={(event) => {
        event.preventDefault();
        set(limitOf({ ...draft, confidence }));
        amend({ warning: "", breach: "" });
      }}
    >
      <NativeSelect
        size="xs"
        aria-label="Rule"
        data={SETTABLE.map(([value, label]) => ({ value, label }))}
        value={draft.rule}
        onChange={(event) => amend({ rule: event.currentTarget.value as NewLimit["rule"] })}
      />
      {ofFigures(draft.rule) && (
        <NativeSelect
          size="xs"
          aria-label="Method"
          data={METHODS.map((value) => ({
            value,
            label: `${METHOD_NAMES[value]} ${confidenceLabel(confidence)}`,
          }))}
          value={draft.method}
          onChange={(event) => amend({ method: event.currentTarget.value as Method })}
        />
      )}
      <TextInput
        size="xs"
        aria-label="Warning"
        placeholder="Warning at"
        inputMode="decimal"
        value={draft.warning}
        onChange={(event) => amend({ warning: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        aria-label="Breach"
        placeholder="Breach at"
        inputMode="decimal"
        value={draft.breach}
        onChange={(event) => amend({ breach: event.currentTarget.value })}
      />
      <Button size="compact-sm" type="submit" variant="default" disabled={faultOfLimit(draft) !== null}>
        Set
      </Button>
      {fault !== null && <small className={styles.fault}>{fault}</small>}
    </form>
  );
}
