import type { ReactNode } from "react";
import styles from "./DataTable.module.css";

interface Props {
  /** The heads of the columns; without them the rows speak for themselves. */
  heads?: readonly ReactNode[];
  className?: string | undefined;
  children: ReactNode;
}

/** A table of figures that scrolls sideways where it must: names to the left, numbers to the right. */
export function DataTable({ heads, className, children }: Props) {
  return (
    <div className={styles.wide}>
      <table className={`${styles.table} ${className ?? ""}`}>
        {heads !== undefined && (
          <thead>
            <tr>
              {heads.map((head, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the columns of a table do not move
                <th key={i} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
