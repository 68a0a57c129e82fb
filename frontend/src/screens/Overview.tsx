import { DistributionPanel } from "../panels/DistributionPanel.tsx";
import { PositionsPanel } from "../panels/PositionsPanel.tsx";
import { SeriesPanel } from "../panels/SeriesPanel.tsx";
import { Tiles } from "../panels/Tiles.tsx";
import { WaterfallPanel } from "../panels/WaterfallPanel.tsx";
import styles from "./screens.module.css";

/** The number, how sure it is, how it moved, and what makes it up. */
export function Overview() {
  return (
    <div className={styles.overview}>
      <Tiles />
      <SeriesPanel />
      <DistributionPanel />
      <WaterfallPanel />
      <PositionsPanel />
    </div>
  );
}
