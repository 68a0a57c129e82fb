import { lazy, Suspense, useMemo } from "react";
import { useChosen } from "../app/view.ts";
import { METHOD_NAMES, type RiskSnapshot } from "../client/types.ts";
import { confidenceLabel, money, percent, ratio } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sized } from "../parts/Sized.tsx";
import { useSteady } from "../parts/useSteady.ts";
import { atConfidence, attributionOf } from "../risk/attribution.ts";
import { reasonOf } from "../risk/measures.ts";
import { type Contribution, leading, type WaterfallBar, waterfall } from "../risk/waterfall.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";

import { WaterfallSwitch } from "./WaterfallSwitch.tsx";

const WaterfallChart = lazy(() => import("./WaterfallChart.tsx"));

const REDRAW_MS = 250;
const REORDER_MS = 5000;
const ROW_HEIGHT = 25;
const AXIS_HEIGHT = 26;

function contributionsOf(snapshot: RiskSnapshot): Contribution[] {
  return snapshot.positions.flatMap(({ symbol, component_var: value }) =>
    value === null ? [] : [{ symbol, value }],
  );
}

function noteOf(snapshot: RiskSnapshot | null): string {
  const attribution = snapshot === null ? null : attributionOf(snapshot, "component_var");
  if (attribution === null) return "";
  const { method, confidence } = attribution.measure;
  return `${METHOD_NAMES[method]} VaR ${confidenceLabel(confidence)}, components`;
}

export function WaterfallPanel() {
  const { portfolio: id, confidence } = useChosen();
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const held = portfolio?.snapshot ?? null;
  const snapshot = useMemo(() => held && atConfidence(held, confidence), [held, confidence]);
  const contributions = useMemo(() => (snapshot === null ? [] : contributionsOf(snapshot)), [snapshot]);
  return (
    <Panel area="waterfall" title="VaR by position" note={noteOf(snapshot)} actions={<WaterfallSwitch />}>
      {snapshot !== null && contributions.length > 0 ? (
        <Drawn key={id} contributions={contributions} currency={snapshot.base_currency} />
      ) : (
        <Message
          title={
            snapshot === null ? (portfolio?.reason ? "No figures yet" : "Loading…") : "Nothing to attribute"
          }
        >
          {snapshot === null ? portfolio?.reason : whyNone(snapshot)}
        </Message>
      )}
    </Panel>
  );
}

const whyNone = (snapshot: RiskSnapshot): string =>
  snapshot.positions.length === 0
    ? "This portfolio holds no positions."
    : (reasonOf(snapshot) ?? "The newest snapshot carries no components.");

function Drawn(props: { contributions: Contribution[]; currency: string }) {
  return <Sized>{(size) => <Bars {...props} {...size} />}</Sized>;
}

interface BarsProps {
  contributions: Contribution[];
  currency: string;
  width: number;
  height: number;
}

function Bars({ contributions, currency, width, height }: BarsProps) {
  const limit = Math.max(3, Math.floor((height - AXIS_HEIGHT) / ROW_HEIGHT) - 2);
  const symbols = contributions.map(({ symbol }) => symbol).join("|");
  const shown = useSteady(() => leading(contributions, limit), `${limit}|${symbols}`, REORDER_MS);
  const bars = waterfall(contributions, shown);
  return (
    <>
      <Suspense>
        <WaterfallChart {...{ bars, currency, width, height }} />
      </Suspense>
      <BarsInWords bars={bars} currency={currency} />
    </>
  );
}

/** The same for those who do not see the bars. */
function BarsInWords({ bars, currency }: { bars: WaterfallBar[]; currency: string }) {
  const total = bars.at(-1)?.value ?? 0;
  return (
    <ul className="visually-hidden" aria-label="VaR by position">
      {bars.map((bar) => (
        <li
          key={bar.label}
        >{`${bar.label}: ${money(bar.value, currency)}, ${percent(ratio(bar.value, total), 1)}`}</li>
      ))}
    </ul>
  );
}
