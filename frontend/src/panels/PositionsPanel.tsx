import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { useChosen } from "../app/view.ts";
import type { RiskSnapshot } from "../client/types.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { atConfidence } from "../risk/attribution.ts";
import { csvOf, download } from "../risk/csv.ts";
import { EVERYTHING, type Filter, filtered, SIDES, type Side } from "../risk/filter.ts";
import { type Column, rowsOf } from "../risk/rows.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import type { Portfolio } from "../store/state.ts";
import styles from "./PositionsPanel.module.css";
import { PositionsTable } from "./PositionsTable.tsx";

const REDRAW_MS = 250;

/** The positions of the chosen portfolio; `whole` offers what a screen of its own has room for. */
export function PositionsPanel({ whole = false }: { whole?: boolean }) {
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const held = portfolio?.snapshot ?? null;
  const { confidence } = useChosen();
  const snapshot = useMemo(() => held && atConfidence(held, confidence), [held, confidence]);
  const [filter, setFilter] = useState(EVERYTHING);
  return (
    <Panel
      area={whole ? "auto" : "positions"}
      title="Positions"
      note={snapshot === null ? "" : noteOf(snapshot)}
      actions={whole && snapshot !== null && <Tools {...{ snapshot, filter, setFilter }} />}
    >
      {snapshot === null || portfolio === undefined || snapshot.positions.length === 0 ? (
        <Nothing portfolio={portfolio} />
      ) : (
        <PositionsTable
          {...{ snapshot, confidence, filter, whole }}
          moves={portfolio.moves}
          seenAt={portfolio.receivedAt}
        />
      )}
    </Panel>
  );
}

function noteOf({ positions, quality, base_currency }: RiskSnapshot): string {
  const parts = [`${positions.length} in ${base_currency}`];
  if (quality.stale.length > 0) parts.push(`${quality.stale.length} stale`);
  if (quality.uncovered.length > 0) parts.push(`${quality.uncovered.length} uncovered`);
  return parts.join(", ");
}

function Nothing({ portfolio }: { portfolio: Portfolio | undefined }) {
  if (portfolio?.snapshot) {
    return (
      <Message title="No positions">
        Book a trade, or start tailwatch with a positions file for this portfolio.
      </Message>
    );
  }
  return <Message title={portfolio?.reason ? "No figures yet" : "Loading…"}>{portfolio?.reason}</Message>;
}

const SIDE_NAMES: Record<Side, string> = { all: "All", long: "Long", short: "Short", marked: "Marked" };
const SIDE_CHOICES = SIDES.map((value) => ({ value, label: SIDE_NAMES[value] }));

interface ToolsProps {
  snapshot: RiskSnapshot;
  filter: Filter;
  setFilter: (filter: Filter) => void;
}

function Tools({ snapshot, filter, setFilter }: ToolsProps) {
  const { whatIf, change } = useChosen();
  return (
    <div className={styles.tools}>
      <TextInput
        size="xs"
        type="search"
        aria-label="Find a symbol"
        placeholder="Find a symbol"
        value={filter.text}
        onChange={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
      />
      <SegmentedControl
        size="xs"
        aria-label="Which positions"
        data={SIDE_CHOICES}
        value={filter.side}
        onChange={(side) => setFilter({ ...filter, side: side as Side })}
      />
      <Button
        size="compact-xs"
        variant="default"
        data-tip="The rows shown, all digits, for a spreadsheet"
        onClick={() => save(snapshot, filter)}
      >
        CSV
      </Button>
      <Button
        size="compact-xs"
        variant={whatIf ? "filled" : "default"}
        aria-pressed={whatIf}
        data-tip="What trades would do to the risk"
        onClick={() => change({ whatIf: !whatIf })}
      >
        What if
      </Button>
    </div>
  );
}

const COLUMNS: (Column | "stale" | "uncovered")[] = [
  "symbol",
  "quantity",
  "price",
  "market_value",
  "volatility",
  "marginal_var",
  "component_var",
  "component_es",
  "share",
  "stale",
  "uncovered",
];

function save(snapshot: RiskSnapshot, filter: Filter): void {
  const moment = snapshot.event_time.slice(0, 19).replaceAll(":", "");
  const name = `positions-${snapshot.portfolio.replaceAll(/[^\w.-]/g, "_")}-${moment}Z.csv`;
  download(name, csvOf(filtered(rowsOf(snapshot), filter), COLUMNS));
}
