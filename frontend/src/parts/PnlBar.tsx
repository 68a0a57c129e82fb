import styles from "./PnlBar.module.css";

interface Props {
  value: number;
  /** The largest size of any bar in the column. */
  widest: number;
}

/** A bar from a middle line: losses to the left, gains to the right. */
export function PnlBar({ value, widest }: Props) {
  const width = `${widest > 0 ? Math.min(50, (Math.abs(value) / widest) * 50) : 0}%`;
  return (
    <span className={styles.track} aria-hidden="true">
      <i className={styles.bar} style={{ width }} data-sign={value < 0 ? "loss" : "gain"} />
    </span>
  );
}
