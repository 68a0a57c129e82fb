import { moneyExact, moneyThree } from "../format/number.ts";
import styles from "./StandardError.module.css";

/** How sure a simulated figure is; nothing beside one that is not simulated. */
export function StandardError({ value, currency }: { value: number | null; currency: string }) {
  if (value === null || value <= 0) return null;
  return (
    <small
      className={styles.error}
      data-tip={`Standard error of the simulation: ${moneyExact(value, currency)}`}
    >
      ±{moneyThree(value, currency)}
    </small>
  );
}
