import { type ReactNode, useId } from "react";
import styles from "./Panel.module.css";

interface Props {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  area: string;
  children: ReactNode;
}

export function Panel({ title, note, actions, area, children }: Props) {
  const id = useId();
  return (
    <section className={styles.panel} style={{ gridArea: area }} aria-labelledby={id}>
      <header className={styles.head}>
        <h2 id={id} className={styles.title}>
          {title}
        </h2>
        <div className={styles.note}>{note}</div>
        <div className={styles.actions}>{actions}</div>
      </header>
      <div className={styles.body}>{children}</div>
    </section>
  );
}
