import { type ComponentType, lazy, Suspense, useEffect, useMemo } from "react";
import { Banner } from "../panels/Banner.tsx";
import { useHealth } from "../panels/ConnectionState.tsx";
import { Header } from "../panels/Header.tsx";
import { NoPortfolio } from "../panels/NoPortfolio.tsx";
import { PrintHead } from "../panels/PrintHead.tsx";
import { QualityBar } from "../panels/QualityBar.tsx";
import { SignIn } from "../panels/SignIn.tsx";
import { TipLayer } from "../parts/TipLayer.tsx";
import { Overview } from "../screens/Overview.tsx";
import { useShown } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import styles from "./Dashboard.module.css";
import { ChosenContext, metricOf, type ScreenName, useAddressView } from "./view.ts";

const idsOf = (state: State) => state.portfolioIds;
const signedOutOf = (state: State) => state.signedOut;

export function Dashboard() {
  const [view, change] = useAddressView();
  const ids = useShown(idsOf);
  const signedOut = useShown(signedOutOf);
  const portfolio = view.portfolio ?? ids?.[0] ?? null;
  const chosen = useMemo(
    () => (portfolio === null ? null : { ...view, portfolio, metric: metricOf(view.curve), change }),
    [view, portfolio, change],
  );
  if (signedOut) return <SignIn />;
  if (chosen === null) return <NoPortfolio />;
  return (
    <ChosenContext value={chosen}>
      <Page portfolio={chosen.portfolio} screen={chosen.screen} />
      <TipLayer />
    </ChosenContext>
  );
}

/** The overview comes with the page; the others when they are first looked at. */
const SCREENS: Record<ScreenName, ComponentType> = {
  overview: Overview,
  portfolios: lazy(() => import("../screens/PortfoliosScreen.tsx")),
  positions: lazy(() => import("../screens/PositionsScreen.tsx")),
  stress: lazy(() => import("../screens/StressScreen.tsx")),
  correlation: lazy(() => import("../screens/CorrelationScreen.tsx")),
  backtest: lazy(() => import("../screens/BacktestScreen.tsx")),
  alerts: lazy(() => import("../screens/AlertsScreen.tsx")),
  health: lazy(() => import("../screens/HealthScreen.tsx")),
};

function Page({ portfolio, screen }: { portfolio: string; screen: ScreenName }) {
  useEffect(() => {
    document.title = `${portfolio} · tailwatch`;
  }, [portfolio]);
  const Screen = SCREENS[screen];
  return (
    <Trust>
      <Header />
      <PrintHead />
      <main className={styles.main}>
        <Banner />
        <Suspense fallback={<div className={styles.coming} />}>
          <Screen />
        </Suspense>
        <QualityBar />
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
