import { useMemo } from "react";
import { useChosen } from "../app/view.ts";
import { METHOD_NAMES, type Method } from "../client/types.ts";
import { confidenceLabel } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { reasonOf } from "../risk/measures.ts";
import { alone } from "../risk/sums.ts";
import { useSampled } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import { WaterfallBars } from "./WaterfallBars.tsx";
import { WaterfallSwitch } from "./WaterfallSwitch.tsx";

const REDRAW_MS = 500;
/** That of the positions' waterfall, beside which this one stands. */
const METHOD: Method = "parametric";
const portfoliosOf = (state: State) => state.portfolios;

/** A sum by portfolio: what each would lose alone, and what diversification takes off. */
export function PortfolioPartsPanel() {
  const { portfolio: id, confidence } = useChosen();
  const portfolios = useSampled(portfoliosOf, REDRAW_MS);
  const whole = portfolios[id]?.snapshot ?? null;
  const contributions = useMemo(() => {
    const all = Object.values(portfolios).flatMap(({ snapshot }) => snapshot ?? []);
    return whole === null ? [] : alone(whole, all, METHOD, confidence);
  }, [portfolios, whole, confidence]);
  const note = `${METHOD_NAMES[METHOD]} VaR ${confidenceLabel(confidence)}, each alone`;
  return (
    <Panel area="waterfall" title="VaR by portfolio" note={note} actions={<WaterfallSwitch />}>
      {whole !== null && contributions.length > 0 ? (
        <WaterfallBars
          key={id}
          of="VaR by portfolio"
          contributions={contributions}
          currency={whole.base_currency}
        />
      ) : (
        <Message title={whole === null ? "Loading…" : "Not every portfolio has figures yet"}>
          {whole === null ? portfolios[id]?.reason : reasonOf(whole)}
        </Message>
      )}
    </Panel>
  );
}
