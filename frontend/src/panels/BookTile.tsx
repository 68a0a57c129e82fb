import { Skeleton } from "@mantine/core";
import type { RiskSnapshot } from "../client/types.ts";
import { money, moneyExact, percent, ratio, signedMoney } from "../format/number.ts";
import { Figure } from "../parts/Figure.tsx";
import styles from "./Tiles.module.css";

interface Item {
  name: string;
  field: "market_value" | "pnl_today" | "gross" | "net";
  meaning: string;
}

const ITEMS: readonly Item[] = [
  { name: "Market value", field: "market_value", meaning: "Sum of the positions' values" },
  { name: "P&L today", field: "pnl_today", meaning: "Since the start of the day" },
  { name: "Gross", field: "gross", meaning: "Sum of the absolute values" },
  { name: "Net", field: "net", meaning: "Long less short" },
];

export function BookTile({ snapshot }: { snapshot: RiskSnapshot | null }) {
  return (
    <article className={`${styles.tile} ${styles.book}`} aria-label="Book">
      {ITEMS.map((item) => (
        <BookFigure key={item.field} item={item} snapshot={snapshot} />
      ))}
    </article>
  );
}

function BookFigure({ item, snapshot }: { item: Item; snapshot: RiskSnapshot | null }) {
  const { name, field, meaning } = item;
  const value = snapshot?.[field] ?? null;
  const currency = snapshot?.base_currency ?? "USD";
  const isPnl = field === "pnl_today";
  const sign = isPnl && value !== null && Math.abs(value) >= 0.005 ? (value > 0 ? "gain" : "loss") : "none";
  return (
    // biome-ignore lint/a11y/useSemanticElements: a figure with its annotations is a group, not a fieldset
    <div className={styles.bookItem} role="group" aria-label={name}>
      <span className={styles.metric}>{name}</span>
      {snapshot === null ? (
        <Skeleton height={16} width={72} my={4} />
      ) : (
        <Figure
          focusable
          className={`${styles.medium} ${styles[sign] ?? ""}`}
          text={isPnl ? signedMoney(value, currency) : money(value, currency)}
          tip={value === null ? "not known yet" : tipOf(meaning, value, snapshot)}
          testId={field.replace("_", "-")}
          value={value}
        />
      )}
    </div>
  );
}

const tipOf = (meaning: string, value: number, { base_currency, market_value }: RiskSnapshot): string =>
  `${meaning}: ${moneyExact(value, base_currency)}\n${percent(ratio(value, market_value))} of market value`;
