import { PositionsPanel } from "../panels/PositionsPanel.tsx";
import styles from "./screens.module.css";

export function PositionsScreen() {
  return (
    <div className={styles.single}>
      <PositionsPanel whole />
    </div>
  );
}
