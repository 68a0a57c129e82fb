import { useRef } from "react";
import { Bar, BarChart, type BarShapeProps, CartesianGrid, Tooltip, XAxis, YAxis } from "recharts";
import { moneyExact, moneyShort, moneyThree, percent, ratio } from "../format/number.ts";
import { ChartTip, TipRow } from "../parts/ChartTip.tsx";
import { type Domain, steadyDomain, ticksOf } from "../risk/domain.ts";
import type { WaterfallBar } from "../risk/waterfall.ts";

interface Props {
  bars: WaterfallBar[];
  currency: string;
  width: number;
  height: number;
}

const MARGIN = { top: 4, right: 62, bottom: 0, left: 8 };
const TICK = { fill: "var(--faint)", fontSize: 11 };
const NAME_TICK = { fill: "var(--dim)", fontSize: 11.5 };

function colourOf({ kind, value }: WaterfallBar): string {
  if (kind === "total") return "var(--parametric)";
  return value >= 0 ? "var(--loss-fill)" : "var(--gain-fill)";
}

export default function WaterfallChart({ bars, currency, width, height }: Props) {
  const held = useRef<Domain | null>(null);
  held.current = steadyDomain(
    held.current,
    Math.min(...bars.map(({ range }) => range[0])),
    Math.max(...bars.map(({ range }) => range[1])),
    0,
  );
  const domain = held.current;
  const total = bars.at(-1)?.value ?? 0;
  const longest = Math.max(...bars.map(({ label }) => label.length));
  return (
    <BarChart
      layout="vertical"
      width={width}
      height={height}
      data={bars}
      margin={MARGIN}
      barCategoryGap={4}
      accessibilityLayer
    >
      <CartesianGrid horizontal={false} stroke="var(--line)" />
      <XAxis
        type="number"
        domain={[domain[0], domain[1]]}
        ticks={ticksOf(domain)}
        tickFormatter={(value: number) => moneyShort(value, currency)}
        tick={TICK}
        stroke="var(--line-strong)"
        tickSize={4}
        height={24}
        interval="preserveStartEnd"
      />
      <YAxis
        type="category"
        dataKey="label"
        tick={NAME_TICK}
        tickFormatter={shorten}
        tickLine={false}
        axisLine={false}
        width={Math.min(120, 24 + 7 * longest)}
        interval={0}
      />
      <Tooltip
        isAnimationActive={false}
        cursor={{ fill: "var(--hover)" }}
        content={({ active, payload }) => {
          const bar = payload?.[0]?.payload as WaterfallBar | undefined;
          return active && bar !== undefined ? <BarTip {...{ bar, total, currency }} /> : null;
        }}
      />
      <Bar
        dataKey="range"
        isAnimationActive={false}
        shape={(props: BarShapeProps) => <Step {...props} currency={currency} />}
      />
    </BarChart>
  );
}

const shorten = (label: string): string => (label.length > 15 ? `${label.slice(0, 14)}…` : label);

/** The bar, a line down to where the next one begins, and its value beside it. */
function Step(props: BarShapeProps & { currency: string }) {
  const { x, y, width, height, currency } = props;
  const bar = props.payload as WaterfallBar;
  const left = Math.min(x, x + width);
  const right = Math.max(x, x + width);
  const end = bar.value >= 0 ? right : left;
  return (
    <g>
      {bar.kind !== "total" && (
        <line x1={end} x2={end} y1={y + height} y2={y + height + 6} stroke="var(--faint)" strokeWidth={1} />
      )}
      <rect
        x={left}
        y={y}
        width={Math.max(1, right - left)}
        height={height}
        rx={2}
        fill={colourOf(bar)}
        fillOpacity={0.88}
      />
      <text
        x={right + 6}
        y={y + height / 2}
        dy="0.35em"
        fontSize={11}
        fontWeight={bar.kind === "total" ? 650 : 450}
        fill="var(--text)"
      >
        {moneyThree(bar.value, currency)}
      </text>
    </g>
  );
}

function BarTip({ bar, total, currency }: { bar: WaterfallBar; total: number; currency: string }) {
  return (
    <ChartTip title={bar.label}>
      <TipRow
        name={bar.value < 0 ? "takes off" : "adds"}
        value={moneyExact(Math.abs(bar.value), currency, 2)}
      />
      <TipRow name="of the total" value={percent(ratio(bar.value, total), 1)} />
      {bar.kind !== "total" && <TipRow name="sum so far" value={moneyExact(bar.after, currency, 2)} />}
    </ChartTip>
  );
}
