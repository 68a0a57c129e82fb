import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { METHOD_NAMES, type RiskSnapshot } from "../client/types.ts";
import { confidenceLabel } from "../format/number.ts";
import { useSteady } from "../parts/useSteady.ts";
import { attributionOf } from "../risk/attribution.ts";
import { type Filter, filtered } from "../risk/filter.ts";
import { type Column, inOrder, type Order, type Row, rowsOf, sorted } from "../risk/rows.ts";
import type { Moves } from "../store/moves.ts";
import { PositionRow } from "./PositionRow.tsx";
import styles from "./PositionsPanel.module.css";

const REORDER_MS = 5000;
const ROW_HEIGHT = 27;
const OVERSCAN = 12;
/** Before the table has been measured: as much as a small window shows. */
const FIRST_SIGHT = { width: 900, height: 600 };

interface Head {
  column: Column;
  name: string;
  tip: string;
}

function headsOf(snapshot: RiskSnapshot, confidence: number): Head[] {
  const bar = snapshot.quality.scaled_from;
  return [
    { column: "symbol", name: "Symbol", tip: "" },
    { column: "quantity", name: "Quantity", tip: "Contracts or shares; short is negative" },
    { column: "price", name: "Price", tip: "Last accepted price, in the instrument's currency" },
    { column: "market_value", name: "Value", tip: `Market value in ${snapshot.base_currency}` },
    {
      column: "volatility",
      name: "Vol",
      tip: `Volatility of the return of one bar${bar === "" ? "" : ` of ${bar}`}`,
    },
    {
      column: "marginal_var",
      name: "Marginal",
      tip: `VaR for one ${snapshot.base_currency} more of exposure`,
    },
    componentHead(snapshot, "component_var", confidence),
    componentHead(snapshot, "component_es", confidence),
    { column: "share", name: "Share", tip: "Part of the portfolio's VaR" },
  ];
}

/**
 * Components tell what they add up to: VaR and ES need not be of the same method, nor of the confidence chosen, which
 * then stands in the head.
 */
function componentHead(
  snapshot: RiskSnapshot,
  field: "component_var" | "component_es",
  confidence: number,
): Head {
  const figure = field === "component_var" ? "VaR" : "ES";
  const name = `Comp. ${figure}`;
  const found = attributionOf(snapshot, field)?.measure;
  if (found === undefined) return { column: field, name, tip: `What the position adds to the ${figure}` };
  const level = confidenceLabel(found.confidence);
  const tip = `In ${snapshot.base_currency}, adds up to ${METHOD_NAMES[found.method]} ${figure} ${level}`;
  return { column: field, name: found.confidence === confidence ? name : `${name} ${level}`, tip };
}

const ARIA_SORT = { true: "descending", false: "ascending" } as const;

interface Props {
  snapshot: RiskSnapshot;
  confidence: number;
  filter: Filter;
  /** Fills the screen it stands on. */
  whole: boolean;
  moves: Moves;
  /** Monotonic moment at which the snapshot came. */
  seenAt: number;
}

export function PositionsTable({ snapshot, confidence, filter, whole, moves, seenAt }: Props) {
  const [order, setOrder] = useState<Order>({ column: "component_var", descending: true });
  const rows = useRows(snapshot, filter, order);
  const box = useRef<HTMLElement>(null);
  const visible = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    initialRect: FIRST_SIGHT,
  });
  const items = visible.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = visible.getTotalSize() - (items.at(-1)?.end ?? 0);
  const digits = (snapshot.gross ?? 0) >= 10_000 ? 0 : 2;
  const widest = rows.reduce((most, row) => Math.max(most, Math.abs(row.share ?? 0)), 1e-9);
  return (
    <section
      ref={box}
      className={styles.scroll}
      data-whole={whole || undefined}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard
      tabIndex={0}
      aria-label="Positions, scrollable"
    >
      <table className={styles.table} aria-rowcount={rows.length + 1}>
        <Heads {...{ snapshot, confidence, order, setOrder }} />
        <tbody>
          <Room height={above} />
          {items.map(({ index }) => {
            const row = rows[index];
            if (row === undefined) return null;
            const move = moves[row.symbol];
            return (
              <PositionRow
                key={row.symbol}
                {...{ row, digits, widest, move }}
                age={move === undefined ? null : Math.floor((seenAt - move.seenAt) / 1000)}
                currency={snapshot.base_currency}
                place={index + 2}
              />
            );
          })}
          <Room height={below} />
        </tbody>
      </table>
      {rows.length === 0 && <p className={styles.none}>No position is like this.</p>}
    </section>
  );
}

/** Stands for the rows that are not drawn. */
const Room = ({ height }: { height: number }) =>
  height > 0 && (
    <tr className={styles.room}>
      <td colSpan={9} style={{ height }} />
    </tr>
  );

function useRows(snapshot: RiskSnapshot, filter: Filter, order: Order): Row[] {
  const unsorted = useMemo(() => filtered(rowsOf(snapshot), filter), [snapshot, filter]);
  const key = `${order.column}|${order.descending}|${unsorted.map(({ symbol }) => symbol).join("|")}`;
  const symbols = useSteady(() => sorted(unsorted, order).map(({ symbol }) => symbol), key, REORDER_MS);
  return inOrder(unsorted, symbols);
}

interface HeadsProps {
  snapshot: RiskSnapshot;
  confidence: number;
  order: Order;
  setOrder: (step: (held: Order) => Order) => void;
}

function Heads({ snapshot, confidence, order, setOrder }: HeadsProps) {
  const choose = (column: Column) =>
    setOrder((held) => ({
      column,
      descending: held.column === column ? !held.descending : column !== "symbol",
    }));
  return (
    <thead>
      <tr aria-rowindex={1}>
        {headsOf(snapshot, confidence).map(({ column, name, tip }) => (
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
