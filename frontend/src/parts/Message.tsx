import type { ReactNode } from "react";
import styles from "./Message.module.css";

/** What a panel says when it has nothing to draw. */
export function Message({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.message}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <p className={styles.text}>{children}</p>}
    </div>
  );
}
