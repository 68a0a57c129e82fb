import { useMemo, useState } from "react";
import { useChosen } from "../app/view.ts";
import type { RiskSnapshot } from "../client/types.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { atConfidence } from "../risk/attribution.ts";
import { COLUMNS, FEW } from "../risk/columns.ts";
import { csvOf, download } from "../risk/csv.ts";
import { EVERYTHING, filtered } from "../risk/filter.ts";
import { type Row, rowsOf } from "../risk/rows.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import type { Portfolio } from "../store/state.ts";
import { PositionsTable } from "./PositionsTable.tsx";
import { PositionTools } from "./PositionTools.tsx";

const REDRAW_MS = 250;

/** The positions of the chosen portfolio; `whole` offers what a screen of its own has room for. */
export function PositionsPanel({ whole = false }: { whole?: boolean }) {
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const held = portfolio?.snapshot ?? null;
  const { confidence, columns: chosen, grouping } = useChosen();
  const snapshot = useMemo(() => held && atConfidence(held, confidence), [held, confidence]);
  const [filter, setFilter] = useState(EVERYTHING);
  const moves = portfolio?.moves;
  const seenAt = portfolio?.receivedAt ?? 0;
  const rows = useMemo(
    () => (snapshot === null ? [] : filtered(rowsOf(snapshot, moves, seenAt), filter)),
    [snapshot, moves, seenAt, filter],
  );
  const columns = whole ? (chosen ?? COLUMNS) : FEW;
  return (
    <Panel
      area={whole ? "auto" : "positions"}
      title="Positions"
      note={snapshot === null ? "" : noteOf(snapshot)}
      actions={
        whole &&
        snapshot !== null && (
          <PositionTools {...{ filter, setFilter, columns }} save={() => save(snapshot, rows)} />
        )
      }
    >
      {snapshot === null || snapshot.positions.length === 0 ? (
        <Nothing portfolio={portfolio} />
      ) : (
        <PositionsTable
          {...{ snapshot, rows, columns, confidence, whole }}
          grouping={whole ? grouping : "none"}
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

const IN_FILE = [
  "symbol",
  ...COLUMNS.filter((column) => column !== "moved_s"),
  "stale",
  "uncovered",
] as const;

function save(snapshot: RiskSnapshot, rows: readonly Row[]): void {
  const moment = snapshot.event_time.slice(0, 19).replaceAll(":", "");
  const name = `positions-${snapshot.portfolio.replaceAll(/[^\w.-]/g, "_")}-${moment}Z.csv`;
  download(name, csvOf(rows, IN_FILE));
}
