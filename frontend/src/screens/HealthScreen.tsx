import { LedgerPanel } from "../panels/LedgerPanel.tsx";
import { FeedsPanel, PartsPanel, useStatus } from "../panels/PartsPanel.tsx";
import { ReplayPanel } from "../panels/ReplayPanel.tsx";
import styles from "./screens.module.css";

/** Whether what is on the other screens can be believed: the parts, the feeds, and where every tick went. */
export default function HealthScreen() {
  const isRecording = useStatus()?.run?.startsWith("replay-") ?? false;
  return (
    <div className={styles.health} data-recording={isRecording || undefined}>
      {isRecording && <ReplayPanel />}
      <PartsPanel />
      <FeedsPanel />
      <LedgerPanel />
    </div>
  );
}
