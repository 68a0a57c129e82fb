import { memo } from "react";
import { exact, moneyExact, moneyPlain, percent, price, quantity } from "../format/number.ts";
import { Figure } from "../parts/Figure.tsx";
import type { Row } from "../risk/rows.ts";
import type { Move } from "../store/moves.ts";
import styles from "./PositionsPanel.module.css";

interface Props {
  row: Row;
  currency: string;
  /** Decimals of money. */
  digits: number;
  /** The largest share of any row: the bar of that row fills the cell. */
  widest: number;
  /** The last move of its price that this page saw, and how many seconds ago. */
  move: Move | undefined;
  age: number | null;
  /** Of the row in the whole table, the head being the first. */
  place: number;
}

export const PositionRow = memo(function PositionRow(props: Props) {
  const { row, currency, digits, widest, move, age, place } = props;
  const missing = row.uncovered ?? "not known yet";
  const cell = (value: number | null, text: string, full: string) => (
    <td>
      <Figure text={text} tip={value === null ? missing : full} />
    </td>
  );
  return (
    <tr
      aria-rowindex={place}
      data-uncovered={row.uncovered !== null || undefined}
      data-stale={row.stale || undefined}
    >
      <th scope="row">
        <Instrument symbol={row.symbol} />
        {row.uncovered !== null && (
          <span className={styles.flag} data-tip={`Left out of all figures: ${row.uncovered}`}>
            uncovered
          </span>
        )}
        {row.stale && (
          <span className={styles.flag} data-tip="No recent price: the last one known is used">
            stale
          </span>
        )}
      </th>
      {cell(row.quantity, quantity(row.quantity), exact(row.quantity))}
      <td>
        <Tick move={move} age={age} />
        <Figure text={price(row.price)} tip={row.price === null ? missing : priceTip(row.price, age)} />
      </td>
      {cell(row.market_value, moneyPlain(row.market_value, digits), moneyExact(row.market_value, currency))}
      {cell(row.volatility, percent(row.volatility, 3), percent(row.volatility, 6))}
      {cell(row.marginal_var, percent(row.marginal_var), exact(row.marginal_var))}
      {cell(
        row.component_var,
        moneyPlain(row.component_var, digits),
        moneyExact(row.component_var, currency),
      )}
      {cell(row.component_es, moneyPlain(row.component_es, digits), moneyExact(row.component_es, currency))}
      <td className={styles.share}>
        {row.share !== null && <ShareBar share={row.share} widest={widest} />}
        <Figure text={percent(row.share, 1)} tip={row.share === null ? missing : percent(row.share, 4)} />
      </td>
    </tr>
  );
});

const priceTip = (value: number, seconds: number | null): string =>
  `${exact(value)}\n${seconds === null ? "unmoved since this page opened" : `moved ${seconds} s ago`}`;

/** Which way the price went last; it fades when that is a while ago. */
function Tick({ move, age }: { move: Move | undefined; age: number | null }) {
  if (move === undefined || age === null) return null;
  return (
    <i className={styles.tick} data-way={move.up ? "up" : "down"} data-old={age >= 5 || undefined}>
      <span className="visually-hidden">{move.up ? "up" : "down"}</span>
    </i>
  );
}

/** `binance:spot:BTCUSDT`: the symbol is what one looks for, the venue stands behind it. */
function Instrument({ symbol }: { symbol: string }) {
  const at = symbol.lastIndexOf(":");
  if (at < 0) return <span className={styles.symbol}>{symbol}</span>;
  return (
    <span className={styles.symbol} data-tip={symbol}>
      {symbol.slice(at + 1)} <small>{symbol.slice(0, at)}</small>
    </span>
  );
}

function ShareBar({ share, widest }: { share: number; widest: number }) {
  const width = `${Math.min(100, (Math.abs(share) / widest) * 100)}%`;
  return (
    <i className={styles.bar} style={{ width }} data-sign={share < 0 ? "less" : "more"} aria-hidden="true" />
  );
}
