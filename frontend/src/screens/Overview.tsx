import { useChosen } from "../app/view.ts";
import { DistributionPanel } from "../panels/DistributionPanel.tsx";
import { PortfolioPartsPanel } from "../panels/PortfolioPartsPanel.tsx";
import { PositionsPanel } from "../panels/PositionsPanel.tsx";
import { SeriesPanel } from "../panels/SeriesPanel.tsx";
import { Tiles } from "../panels/Tiles.tsx";
import { WaterfallPanel } from "../panels/WaterfallPanel.tsx";
import { WhyPanel } from "../panels/WhyPanel.tsx";
import { isSum } from "../risk/sums.ts";
import styles from "./screens.module.css";

/** The number, how sure it is, how it moved, and what makes it up. */
export function Overview() {
  const { portfolio, waterfall } = useChosen();
  const ofSum = waterfall === "portfolios" && isSum(portfolio);
  return (
    <div className={styles.overview}>
      <Tiles />
      <SeriesPanel />
      <DistributionPanel />
      {waterfall === "why" ? <WhyPanel /> : ofSum ? <PortfolioPartsPanel /> : <WaterfallPanel />}
      <PositionsPanel />
    </div>
  );
}
