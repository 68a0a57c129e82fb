import { PortfoliosPanel } from "../panels/PortfoliosPanel.tsx";
import styles from "./screens.module.css";

export function PortfoliosScreen() {
  return (
    <div className={styles.columns}>
      <PortfoliosPanel />
    </div>
  );
}
