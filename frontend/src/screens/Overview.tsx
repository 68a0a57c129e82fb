import { useChosen } from "../app/view.ts";
import { DistributionPanel } from "../panels/DistributionPanel.tsx";
import { PositionsPanel } from "../panels/PositionsPanel.tsx";
import { SeriesPanel } from "../panels/SeriesPanel.tsx";
import { Tiles } from "../panels/Tiles.tsx";
import { WaterfallPanel } from "../panels/WaterfallPanel.tsx";
import { WhyPanel } from "../panels/WhyPanel.tsx";
import styles from "./screens.module.css";

/** The number, how sure it is, how it moved, and what makes it up. */
export function Overview() {
  const { waterfall } = useChosen();
  return (
    <div className={styles.overview}>
      <Tiles />
      <SeriesPanel />
      <DistributionPanel />
      {waterfall === "why" ? <WhyPanel /> : <WaterfallPanel />}
      <PositionsPanel />
    </div>
  );
}
