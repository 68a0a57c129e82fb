import { useMemo, useState } from "react";
import { useChosen } from "../app/view.ts";
import { METHOD_NAMES, type RiskSnapshot } from "../client/types.ts";
import { confidenceLabel } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { useSteady } from "../parts/useSteady.ts";
import { atConfidence, attributionOf } from "../risk/attribution.ts";
import { type Column, inOrder, type Order, rowsOf, sorted } from "../risk/rows.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { PositionRow } from "./PositionRow.tsx";
import styles from "./PositionsPanel.module.css";

const REDRAW_MS = 250;
const REORDER_MS = 5000;

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

export function PositionsPanel() {
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const held = portfolio?.snapshot ?? null;
  const { confidence } = useChosen();
  const snapshot = useMemo(() => held && atConfidence(held, confidence), [held, confidence]);
  return (
    <Panel area="positions" title="Positions" note={snapshot === null ? "" : noteOf(snapshot)}>
      {snapshot === null ? (
        <Message title={portfolio?.reason ? "No figures yet" : "Loading…"}>{portfolio?.reason}</Message>
      ) : snapshot.positions.length === 0 ? (
        <Message title="No positions">
          Book a trade, or start tailwatch with a positions file for this portfolio.
        </Message>
      ) : (
        <PositionsTable snapshot={snapshot} confidence={confidence} />
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

const ARIA_SORT = { true: "descending", false: "ascending" } as const;

function PositionsTable({ snapshot, confidence }: { snapshot: RiskSnapshot; confidence: number }) {
  const [order, setOrder] = useState<Order>({ column: "component_var", descending: true });
  const unsorted = useMemo(() => rowsOf(snapshot), [snapshot]);
  const key = `${order.column}|${order.descending}|${unsorted.map(({ symbol }) => symbol).join("|")}`;
  const symbols = useSteady(() => sorted(unsorted, order).map(({ symbol }) => symbol), key, REORDER_MS);
  const rows = inOrder(unsorted, symbols);
  const digits = (snapshot.gross ?? 0) >= 10_000 ? 0 : 2;
  const widest = Math.max(...rows.map((row) => Math.abs(row.share ?? 0)), 1e-9);
  const choose = (column: Column) =>
    setOrder((held) => ({
      column,
      descending: held.column === column ? !held.descending : column !== "symbol",
    }));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the keyboard
    <section className={styles.scroll} tabIndex={0} aria-label="Positions, scrollable">
      <table className={styles.table}>
        <thead>
          <tr>
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
        <tbody>
          {rows.map((row) => (
            <PositionRow key={row.symbol} {...{ row, digits, widest }} currency={snapshot.base_currency} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
