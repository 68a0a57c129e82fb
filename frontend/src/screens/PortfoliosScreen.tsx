import { PortfoliosPanel } from "../panels/PortfoliosPanel.tsx";
import styles from "./screens.module.css";

export default function PortfoliosScreen() {
  return (
    <div className={styles.rows}>
      <PortfoliosPanel />
    </div>
  );
}
