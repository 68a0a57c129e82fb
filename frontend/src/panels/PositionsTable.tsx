import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { RiskSnapshot } from "../client/types.ts";
import { usePrinting } from "../parts/usePrinting.ts";
import { useSteady } from "../parts/useSteady.ts";
import type { Column } from "../risk/columns.ts";
import { arranged, type Entry, entriesOf, type Grouping } from "../risk/groups.ts";
import { inOrder, type Order, type Row } from "../risk/rows.ts";
import { headOf } from "./heads.ts";
import { GroupRow, PositionRow } from "./PositionRow.tsx";
import styles from "./PositionsPanel.module.css";

const REORDER_MS = 5000;
const ROW_HEIGHT = 27;
const OVERSCAN = 12;
/** Before the table has been measured: as much as a small window shows. */
const FIRST_SIGHT = { width: 900, height: 600 };

const ARIA_SORT = { true: "descending", false: "ascending" } as const;

interface Props {
  snapshot: RiskSnapshot;
  rows: readonly Row[];
  columns: readonly Column[];
  grouping: Grouping;
  confidence: number;
  /** Fills the screen it stands on. */
  whole: boolean;
}

export function PositionsTable({ snapshot, rows, columns, grouping, confidence, whole }: Props) {
  const [order, setOrder] = useState<Order>({ column: "component_var", descending: true });
  const { entries, toggle } = useEntries(rows, grouping, order);
  const box = useRef<HTMLElement>(null);
  const visible = useVirtualizer({
    count: entries.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    // On paper nobody scrolls.
    overscan: usePrinting() ? entries.length : OVERSCAN,
    initialRect: FIRST_SIGHT,
  });
  const items = visible.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = visible.getTotalSize() - (items.at(-1)?.end ?? 0);
  const look = {
    currency: snapshot.base_currency,
    digits: (snapshot.gross ?? 0) >= 10_000 ? 0 : 2,
    widest: rows.reduce((most, row) => Math.max(most, Math.abs(row.share ?? 0)), 1e-9),
  };
  return (
    <section
      ref={box}
      className={styles.scroll}
      data-whole={whole || undefined}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard
      tabIndex={0}
      aria-label="Positions, scrollable"
    >
      <table className={styles.table} aria-rowcount={entries.length + 1}>
        <Heads {...{ snapshot, columns, confidence, order, setOrder }} />
        <tbody>
          <Room height={above} span={columns.length + 1} />
          {items.map(({ index }) => {
            const entry = entries[index];
            if (entry === undefined) return null;
            const placed = { columns, look, place: index + 2 };
            return entry.kind === "group" ? (
              <GroupRow key={`group ${entry.name}`} group={entry} {...{ toggle, ...placed }} />
            ) : (
              <PositionRow key={entry.row.symbol} row={entry.row} {...placed} />
            );
          })}
          <Room height={below} span={columns.length + 1} />
        </tbody>
      </table>
      {rows.length === 0 && <p className={styles.none}>No position is like this.</p>}
    </section>
  );
}

/** Stands for the rows that are not drawn. */
const Room = ({ height, span }: { height: number; span: number }) =>
  height > 0 && (
    <tr className={styles.room}>
      <td colSpan={span} style={{ height }} />
    </tr>
  );

function useEntries(rows: readonly Row[], grouping: Grouping, order: Order) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const key = `${grouping}|${order.column}|${order.descending}|${rows.map(({ symbol }) => symbol).join("|")}`;
  const symbols = useSteady(
    () => arranged(rows, grouping, order).map(({ symbol }) => symbol),
    key,
    REORDER_MS,
  );
  const entries: Entry[] = useMemo(
    () => entriesOf(inOrder(rows, symbols), grouping, closed),
    [rows, symbols, grouping, closed],
  );
  const toggle = (name: string) =>
    setClosed((held) => new Set(held.has(name) ? [...held].filter((one) => one !== name) : [...held, name]));
  return { entries, toggle };
}

interface HeadsProps extends Pick<Props, "snapshot" | "columns" | "confidence"> {
  order: Order;
  setOrder: (step: (held: Order) => Order) => void;
}

function Heads({ snapshot, columns, confidence, order, setOrder }: HeadsProps) {
  const choose = (column: Order["column"]) =>
    setOrder((held) => ({
      column,
      descending: held.column === column ? !held.descending : column !== "symbol" && column !== "currency",
    }));
  const heads = columns.map((column) => ({ column, ...headOf(column, snapshot, confidence) }));
  return (
    <thead>
      <tr aria-rowindex={1}>
        {[{ column: "symbol" as const, name: "Symbol", tip: "" }, ...heads].map(({ column, name, tip }) => (
          <th
            key={column}
            scope="col"
            aria-sort={order.column === column ? ARIA_SORT[`${order.descending}`] : undefined}
          >
            <button type="button" className={styles.sort} data-tip={tip} onClick={() => choose(column)}>
              {name}
              <i aria-hidden="true">{order.column === column ? (order.descending ? "↓" : "↑") : ""}</i>
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}
