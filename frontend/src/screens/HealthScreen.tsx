import { LedgerPanel } from "../panels/LedgerPanel.tsx";
import { FeedsPanel, PartsPanel } from "../panels/PartsPanel.tsx";
import styles from "./screens.module.css";

/** Whether what is on the other screens can be believed: the parts, the feeds, and where every tick went. */
export default function HealthScreen() {
  return (
    <div className={styles.columns}>
      <PartsPanel />
      <FeedsPanel />
      <LedgerPanel />
    </div>
  );
}
