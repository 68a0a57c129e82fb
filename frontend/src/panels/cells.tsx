/** The cells of the positions table, a kind for each column. */
import type { ReactNode } from "react";
import { exact, moneyExact, moneyPlain, percent, price, quantity } from "../format/number.ts";
import { span } from "../format/time.ts";
import { Figure } from "../parts/Figure.tsx";
import type { Column } from "../risk/columns.ts";
import type { Row } from "../risk/rows.ts";
import styles from "./PositionsPanel.module.css";

export interface Look {
  /** Base currency of the portfolio. */
  currency: string;
  /** Decimals of money. */
  digits: number;
  /** The largest share of any row: the bar of that row fills the cell. */
  widest: number;
}

const UNPAID = "it is not known what was paid for it";

const figure = (value: number | null, text: string, full: string, missing: string): ReactNode => (
  <Figure text={text} tip={value === null ? missing : full} />
);

const signOf = (value: number | null): string | undefined =>
  value === null || value === 0 ? undefined : value < 0 ? styles.loss : styles.gain;

function pnlCell(value: number | null, { currency }: Row, { digits }: Look): ReactNode {
  const full = currency === null ? exact(value) : moneyExact(value, currency);
  return (
    <Figure className={signOf(value)} text={moneyPlain(value, digits)} tip={value === null ? UNPAID : full} />
  );
}

const CELLS: Record<Column, (row: Row, look: Look, missing: string) => ReactNode> = {
  quantity: ({ quantity: held }, _, missing) => figure(held, quantity(held), exact(held), missing),
  price: (row, _, missing) => (
    <>
      <Tick up={row.up} seconds={row.moved_s} />
      <Figure text={price(row.price)} tip={row.price === null ? missing : priceTip(row)} />
    </>
  ),
  moved_s: ({ moved_s: seconds }) => (
    <Figure
      text={seconds === null ? "–" : span(1000 * seconds)}
      tip={seconds === null ? UNMOVED : "ago, as this page saw it"}
    />
  ),
  currency: ({ currency }) => currency ?? <Figure text="–" tip="not named" />,
  average_price: ({ average_price: paid }) => figure(paid, price(paid), exact(paid), UNPAID),
  market_value: ({ market_value: value }, { currency, digits }, missing) =>
    figure(value, moneyPlain(value, digits), moneyExact(value, currency), missing),
  unrealised_pnl: (row, look) => pnlCell(row.unrealised_pnl, row, look),
  realised_pnl: (row, look) => pnlCell(row.realised_pnl, row, look),
  volatility: ({ volatility }, _, missing) =>
    figure(volatility, percent(volatility, 3), percent(volatility, 6), missing),
  marginal_var: ({ marginal_var: slope }, _, missing) => figure(slope, percent(slope), exact(slope), missing),
  component_var: ({ component_var: part }, { currency, digits }, missing) =>
    figure(part, moneyPlain(part, digits), moneyExact(part, currency), missing),
  component_es: ({ component_es: part }, { currency, digits }, missing) =>
    figure(part, moneyPlain(part, digits), moneyExact(part, currency), missing),
  share: ({ share }, { widest }, missing) => (
    <>
      {share !== null && <ShareBar share={share} widest={widest} />}
      <Figure text={percent(share, 1)} tip={share === null ? missing : percent(share, 4)} />
    </>
  ),
};

export function Cell({ column, row, look }: { column: Column; row: Row; look: Look }) {
  const missing = row.uncovered ?? "not known yet";
  return (
    <td className={column === "share" ? styles.share : undefined}>{CELLS[column](row, look, missing)}</td>
  );
}

const UNMOVED = "unmoved since this page opened";

const priceTip = ({ price: value, moved_s: seconds }: Row): string =>
  `${exact(value)}\n${seconds === null ? UNMOVED : `moved ${seconds} s ago`}`;

/** Which way the price went last; it fades when that is a while ago. */
function Tick({ up, seconds }: { up: boolean | null; seconds: number | null }) {
  if (up === null || seconds === null) return null;
  return (
    <i className={styles.tick} data-way={up ? "up" : "down"} data-old={seconds >= 5 || undefined}>
      <span className="visually-hidden">{up ? "up" : "down"}</span>
    </i>
  );
}

function ShareBar({ share, widest }: { share: number; widest: number }) {
  const width = `${Math.min(100, (Math.abs(share) / widest) * 100)}%`;
  return (
    <i className={styles.bar} style={{ width }} data-sign={share < 0 ? "less" : "more"} aria-hidden="true" />
  );
}
