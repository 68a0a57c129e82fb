import { lazy, Suspense } from "react";
import { money, percent, ratio } from "../format/number.ts";
import { Sized } from "../parts/Sized.tsx";
import { useSteady } from "../parts/useSteady.ts";
import { type Contribution, leading, type WaterfallBar, waterfall } from "../risk/waterfall.ts";

const WaterfallChart = lazy(() => import("./WaterfallChart.tsx"));

const REORDER_MS = 5000;
const ROW_HEIGHT = 25;
const AXIS_HEIGHT = 26;

interface Props {
  /** What the bars are of, for those who do not see them. */
  of: string;
  contributions: Contribution[];
  currency: string;
}

/** From nothing to the total: the largest contributions, one bar for all others, and their sum. */
export function WaterfallBars(props: Props) {
  return <Sized>{(size) => <Bars {...props} {...size} />}</Sized>;
}

function Bars({ of, contributions, currency, width, height }: Props & { width: number; height: number }) {
  const limit = Math.max(3, Math.floor((height - AXIS_HEIGHT) / ROW_HEIGHT) - 2);
  const symbols = contributions.map(({ symbol }) => symbol).join("|");
  const shown = useSteady(() => leading(contributions, limit), `${limit}|${symbols}`, REORDER_MS);
  const bars = waterfall(contributions, shown);
  return (
    <>
      <Suspense>
        <WaterfallChart {...{ bars, currency, width, height }} />
      </Suspense>
      <BarsInWords {...{ of, bars, currency }} />
    </>
  );
}

/** The same for those who do not see the bars. */
function BarsInWords({ of, bars, currency }: { of: string; bars: WaterfallBar[]; currency: string }) {
  const total = bars.at(-1)?.value ?? 0;
  return (
    <ul className="visually-hidden" aria-label={of}>
      {bars.map((bar) => (
        <li
          key={bar.label}
        >{`${bar.label}: ${money(bar.value, currency)}, ${percent(ratio(bar.value, total), 1)}`}</li>
      ))}
    </ul>
  );
}
