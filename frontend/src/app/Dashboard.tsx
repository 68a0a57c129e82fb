import { useEffect, useMemo } from "react";
import { Banner } from "../panels/Banner.tsx";
import { useHealth } from "../panels/ConnectionState.tsx";
import { DistributionPanel } from "../panels/DistributionPanel.tsx";
import { Header } from "../panels/Header.tsx";
import { NoPortfolio } from "../panels/NoPortfolio.tsx";
import { PositionsPanel } from "../panels/PositionsPanel.tsx";
import { QualityBar } from "../panels/QualityBar.tsx";
import { SeriesPanel } from "../panels/SeriesPanel.tsx";
import { Tiles } from "../panels/Tiles.tsx";
import { WaterfallPanel } from "../panels/WaterfallPanel.tsx";
import { TipLayer } from "../parts/TipLayer.tsx";
import { useShown } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import styles from "./Dashboard.module.css";
import { ChosenContext, useAddressView } from "./view.ts";

const idsOf = (state: State) => state.portfolioIds;

export function Dashboard() {
  const [view, change] = useAddressView();
  const ids = useShown(idsOf);
  const portfolio = view.portfolio ?? ids?.[0] ?? null;
  const chosen = useMemo(
    () => (portfolio === null ? null : { ...view, portfolio, change }),
    [view, portfolio, change],
  );
  if (chosen === null) return <NoPortfolio />;
  return (
    <ChosenContext value={chosen}>
      <Screen portfolio={chosen.portfolio} />
      <TipLayer />
    </ChosenContext>
  );
}

function Screen({ portfolio }: { portfolio: string }) {
  useEffect(() => {
    document.title = `${portfolio} · tailwatch`;
  }, [portfolio]);
  return (
    <Trust>
      <Header />
      <main className={styles.main}>
        <Banner />
        <div className={styles.grid}>
          <Tiles />
          <SeriesPanel />
          <DistributionPanel />
          <WaterfallPanel />
          <PositionsPanel />
          <QualityBar />
        </div>
      </main>
    </Trust>
  );
}

/** Says to all figures at once, by way of the style sheet, whether they are of the present. */
function Trust({ children }: { children: React.ReactNode }) {
  const { health } = useHealth();
  const old = health === "stale" || health === "reconnecting";
  return (
    <div className={styles.page} data-trust={old ? "old" : "good"}>
      {children}
    </div>
  );
}
