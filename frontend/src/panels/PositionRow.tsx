import { memo } from "react";
import { moneyExact, moneyPlain, percent } from "../format/number.ts";
import { Figure } from "../parts/Figure.tsx";
import type { Column } from "../risk/columns.ts";
import type { Group } from "../risk/groups.ts";
import type { Row } from "../risk/rows.ts";
import { Cell, type Look } from "./cells.tsx";
import styles from "./PositionsPanel.module.css";

interface Props {
  row: Row;
  columns: readonly Column[];
  look: Look;
  /** Of the row in the whole table, the head being the first. */
  place: number;
}

export const PositionRow = memo(function PositionRow({ row, columns, look, place }: Props) {
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
      {columns.map((column) => (
        <Cell key={column} {...{ column, row, look }} />
      ))}
    </tr>
  );
});

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

interface GroupProps {
  group: Group;
  columns: readonly Column[];
  look: Look;
  place: number;
  toggle: (name: string) => void;
}

export function GroupRow({ group, columns, look, place, toggle }: GroupProps) {
  const { name, members, closed } = group;
  return (
    <tr className={styles.group} aria-rowindex={place}>
      <th scope="row">
        <button type="button" className={styles.sort} aria-expanded={!closed} onClick={() => toggle(name)}>
          <span aria-hidden="true">{closed ? "▸" : "▾"}</span> {name} <small>{members}</small>
        </button>
      </th>
      {columns.map((column) => (
        <td key={column}>
          <Sum {...{ column, group, look }} />
        </td>
      ))}
    </tr>
  );
}

function Sum({ column, group, look }: { column: Column; group: Group; look: Look }) {
  const value = group.sums[column] ?? null;
  if (value === null) return null;
  if (column === "share") return <Figure text={percent(value, 1)} tip={percent(value, 4)} />;
  const isPnl = column === "unrealised_pnl" || column === "realised_pnl";
  const currency = isPnl ? (group.currency ?? look.currency) : look.currency;
  return <Figure text={moneyPlain(value, look.digits)} tip={moneyExact(value, currency)} />;
}
