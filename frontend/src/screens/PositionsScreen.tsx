import { useChosen } from "../app/view.ts";
import { PositionsPanel } from "../panels/PositionsPanel.tsx";
import { WhatIfPanel } from "../panels/WhatIfPanel.tsx";
import styles from "./screens.module.css";

export default function PositionsScreen() {
  const { whatIf, portfolio } = useChosen();
  return (
    <div className={styles.single} data-sheet={whatIf || undefined}>
      <PositionsPanel whole />
      {whatIf && <WhatIfPanel key={portfolio} />}
    </div>
  );
}
