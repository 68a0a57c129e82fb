import { Area, ComposedChart, Line, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import { money, moneyShort, percent } from "../format/number.ts";
import { ChartTip, TipRow } from "../parts/ChartTip.tsx";
import { type Domain, ticksOf } from "../risk/domain.ts";
import { type Bin, binAt, sharesAt, stepPoints } from "../risk/histogram.ts";

interface Props {
  bins: Bin[];
  domain: Domain;
  currency: string;
  valueAtRisk: number | null;
  shortfall: number | null;
  width: number;
  height: number;
}

const MARGIN = { top: 14, right: 12, bottom: 0, left: 12 };
const TICK = { fill: "var(--faint)", fontSize: 11 };
const LABEL = { fill: "var(--loss)", fontSize: 11, fontWeight: 550 } as const;

export default function DistributionChart({
  bins,
  domain,
  currency,
  valueAtRisk,
  shortfall,
  width,
  height,
}: Props) {
  const points = stepPoints(bins, valueAtRisk);
  const top = Math.max(...points.map((point) => Math.max(point.body ?? 0, point.tail ?? 0, point.normal)), 1);
  return (
    <ComposedChart width={width} height={height} data={points} margin={MARGIN} accessibilityLayer>
      <XAxis
        dataKey="loss"
        type="number"
        domain={[domain[0], domain[1]]}
        ticks={ticksOf(domain)}
        tickFormatter={(loss: number) => moneyShort(loss, currency)}
        tick={TICK}
        stroke="var(--line-strong)"
        tickSize={4}
        height={24}
        interval="preserveStartEnd"
        allowDataOverflow
      />
      <YAxis hide domain={[0, top * 1.06]} />
      <Tooltip
        isAnimationActive={false}
        cursor={{ stroke: "var(--line-strong)" }}
        content={({ active, label }) =>
          active && typeof label === "number" ? <BinTip {...{ bins, currency }} loss={label} /> : null
        }
      />
      <Area
        dataKey="body"
        type="stepAfter"
        stroke="var(--body-line)"
        strokeWidth={1}
        fill="var(--body-fill)"
        fillOpacity={0.75}
        isAnimationActive={false}
        activeDot={false}
      />
      <Area
        dataKey="tail"
        type="stepAfter"
        stroke="var(--loss)"
        strokeWidth={1}
        fill="var(--loss-fill)"
        fillOpacity={0.6}
        isAnimationActive={false}
        activeDot={false}
      />
      <Line
        dataKey="normal"
        type="monotone"
        stroke="var(--dim)"
        strokeWidth={1}
        strokeDasharray="3 3"
        dot={false}
        activeDot={false}
        isAnimationActive={false}
      />
      {valueAtRisk !== null && (
        <ReferenceLine
          x={valueAtRisk}
          stroke="var(--loss)"
          strokeWidth={1.5}
          label={{ ...LABEL, value: "VaR", position: "insideTopRight" }}
        />
      )}
      {shortfall !== null && (
        <ReferenceLine
          x={shortfall}
          stroke="var(--loss)"
          strokeWidth={1.5}
          strokeDasharray="4 3"
          label={{ ...LABEL, value: "ES", position: "insideTopLeft" }}
        />
      )}
    </ComposedChart>
  );
}

function outcome(loss: number, currency: string): string {
  return loss >= 0 ? `loss ${money(loss, currency)}` : `gain ${money(-loss, currency)}`;
}

function BinTip({ bins, loss, currency }: { bins: Bin[]; loss: number; currency: string }) {
  const index = binAt(bins, loss);
  const bin = bins[index];
  const shares = sharesAt(bins, index);
  if (bin === undefined || shares === null) return null;
  return (
    <ChartTip title={`${outcome(bin.from, currency)} to ${outcome(bin.to, currency)}`}>
      <TipRow name="of all scenarios" value={percent(shares.bin)} />
      <TipRow name="this or worse" value={percent(shares.beyond)} />
    </ChartTip>
  );
}
