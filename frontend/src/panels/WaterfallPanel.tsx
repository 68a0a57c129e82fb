import { useMemo } from "react";
import { useChosen } from "../app/view.ts";
import { METHOD_NAMES, type RiskSnapshot } from "../client/types.ts";
import { confidenceLabel } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { atConfidence, attributionOf } from "../risk/attribution.ts";
import { reasonOf } from "../risk/measures.ts";
import type { Contribution } from "../risk/waterfall.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { WaterfallBars } from "./WaterfallBars.tsx";
import { WaterfallSwitch } from "./WaterfallSwitch.tsx";

const REDRAW_MS = 250;

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
        <WaterfallBars
          key={id}
          of="VaR by position"
          contributions={contributions}
          currency={snapshot.base_currency}
        />
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
