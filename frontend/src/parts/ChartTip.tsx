import type { ReactNode } from "react";
import styles from "./ChartTip.module.css";

export function ChartTip({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className={styles.tip}>
      <div className={styles.title}>{title}</div>
      {children}
    </div>
  );
}

export function TipRow({ name, value, colour }: { name: string; value: string; colour?: string }) {
  return (
    <div className={styles.row}>
      <i style={{ background: colour ?? "transparent" }} />
      <span>{name}</span>
      <b>{value}</b>
    </div>
  );
}
