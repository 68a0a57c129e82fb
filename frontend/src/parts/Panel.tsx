import { type ReactNode, useId } from "react";
import styles from "./Panel.module.css";

interface Props {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  area: string;
  /** Nothing but things to type and to press, which paper has no use for. */
  isForm?: boolean;
  children: ReactNode;
}

export function Panel({ title, note, actions, area, isForm = false, children }: Props) {
  const id = useId();
  return (
    <section
      className={`${styles.panel} ${isForm ? "not-printed" : ""}`}
      style={{ gridArea: area }}
      aria-labelledby={id}
    >
      <header className={styles.head}>
        <h2 id={id} className={styles.title}>
          {title}
        </h2>
        <div className={styles.note}>{note}</div>
        <div className={`${styles.actions} not-printed`}>{actions}</div>
      </header>
      <div className={styles.body}>{children}</div>
    </section>
  );
}
