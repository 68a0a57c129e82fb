import { lazy, Suspense, useMemo, useRef } from "react";
import { useChosen } from "../app/view.ts";
import { METHOD_NAMES, type Method, type RiskSnapshot } from "../client/types.ts";
import { confidenceLabel, count, money, moneyExact } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sized } from "../parts/Sized.tsx";
import { StandardError } from "../parts/StandardError.tsx";
import { type Domain, steadyDomain } from "../risk/domain.ts";
import { lossBins } from "../risk/histogram.ts";
import { measureOf, reasonOf } from "../risk/measures.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import styles from "./DistributionPanel.module.css";

const DistributionChart = lazy(() => import("./DistributionChart.tsx"));

const REDRAW_MS = 500;

export function DistributionPanel() {
  const { confidence, portfolio: id } = useChosen();
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const snapshot = portfolio?.snapshot ?? null;
  return (
    <Panel area="distribution" title="Loss distribution" note={noteOf(snapshot)}>
      {snapshot?.distribution != null ? (
        <Drawn key={id} snapshot={snapshot} confidence={confidence} />
      ) : (
        <Message
          title={snapshot === null ? (portfolio?.reason ? "No figures yet" : "Loading…") : "No scenarios"}
        >
          {snapshot === null ? portfolio?.reason : whyNone(snapshot)}
        </Message>
      )}
    </Panel>
  );
}

function noteOf(snapshot: RiskSnapshot | null): string {
  const distribution = snapshot?.distribution;
  if (snapshot === null || distribution == null) return "";
  const total = distribution.counts.reduce((sum, value) => sum + value, 0);
  return `${METHOD_NAMES[distribution.method]}, ${count(total)} scenarios, ${snapshot.horizon}`;
}

const whyNone = (snapshot: RiskSnapshot): string =>
  snapshot.positions.length === 0
    ? "A book without positions cannot lose anything."
    : (reasonOf(snapshot) ?? "The newest snapshot carries no distribution.");

function Drawn({ snapshot, confidence }: { snapshot: RiskSnapshot; confidence: number }) {
  const { distribution, base_currency: currency } = snapshot;
  const bins = useMemo(() => (distribution === null ? [] : lossBins(distribution)), [distribution]);
  const held = useRef<Domain | null>(null);
  const low = bins[0]?.from ?? 0;
  const high = bins.at(-1)?.to ?? 1;
  held.current = steadyDomain(held.current, low, high, 0);
  const measure = measureOf(snapshot, distribution?.method ?? "monte_carlo", confidence);
  const marks = { valueAtRisk: measure?.var ?? null, shortfall: measure?.es ?? null };
  const domain = held.current;
  return (
    <div className={styles.drawn}>
      {distribution !== null && <Marks method={distribution.method} />}
      <div className={styles.plot}>
        <Sized>
          {(size) => (
            <Suspense>
              <DistributionChart {...size} {...{ bins, domain, currency }} {...marks} />
            </Suspense>
          )}
        </Sized>
      </div>
    </div>
  );
}

/** As fast as the tiles: two places that show one figure must show the same. */
function Marks({ method }: { method: Method }) {
  const { confidence } = useChosen();
  const snapshot = useSampledPortfolio(100)?.snapshot ?? null;
  const measure = measureOf(snapshot, method, confidence);
  const currency = snapshot?.base_currency ?? "USD";
  return (
    <dl className={styles.marks}>
      <Mark
        name={`VaR ${confidenceLabel(confidence)}`}
        value={measure?.var ?? null}
        error={measure?.var_stderr ?? null}
        currency={currency}
        kind="var"
      />
      <Mark
        name="ES"
        value={measure?.es ?? null}
        error={measure?.es_stderr ?? null}
        currency={currency}
        kind="es"
      />
      <div data-tip="The normal law with the standard deviation of these scenarios">
        <dt data-kind="normal">normal</dt>
        <dd />
      </div>
    </dl>
  );
}

interface MarkProps {
  name: string;
  value: number | null;
  error: number | null;
  currency: string;
  kind: "var" | "es";
}

function Mark({ name, value, error, currency, kind }: MarkProps) {
  return (
    <div data-tip={`${name}: ${moneyExact(value, currency)}`}>
      <dt data-kind={kind}>{name}</dt>
      <dd>
        {money(value, currency)} <StandardError value={error} currency={currency} />
      </dd>
    </div>
  );
}
