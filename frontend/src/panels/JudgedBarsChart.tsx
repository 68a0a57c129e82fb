import { CartesianGrid, ComposedChart, Line, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import type { Pnl } from "../client/types.ts";
import { moneyExact, moneyShort } from "../format/number.ts";
import { clock, day, tickLabel } from "../format/time.ts";
import { ChartTip, TipRow } from "../parts/ChartTip.tsx";
import type { JudgedRow } from "../risk/backtest.ts";
import { niceDomain, ticksOf, timeTicks } from "../risk/domain.ts";

interface Props {
  rows: JudgedRow[];
  pnl: Pnl;
  currency: string;
  /** A bar is a day, and its time of day says nothing. */
  daily: boolean;
  width: number;
  height: number;
}

const MARGIN = { top: 8, right: 4, bottom: 0, left: 12 };
const TICK = { fill: "var(--faint)", fontSize: 11 };

export default function JudgedBarsChart({ rows, pnl, currency, daily, width, height }: Props) {
  const from = rows[0]?.moment ?? 0;
  const to = rows.at(-1)?.moment ?? 1;
  const offsetMs = -new Date(to).getTimezoneOffset() * 60_000;
  const values = rows.flatMap((row) => [row.pnl ?? 0, row.allowed ?? 0]);
  const domain = niceDomain(Math.min(...values), Math.max(...values), 0.05);
  return (
    <ComposedChart width={width} height={height} data={rows} margin={MARGIN} accessibilityLayer>
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="moment"
        type="number"
        domain={[from, to]}
        ticks={timeTicks(from, to, Math.max(2, Math.floor(width / 96)), offsetMs)}
        tickFormatter={tickLabel(to - from)}
        tick={TICK}
        stroke="var(--line-strong)"
        tickSize={4}
        height={24}
        interval={0}
      />
      <YAxis
        orientation="right"
        domain={[domain[0], domain[1]]}
        ticks={ticksOf(domain)}
        tickFormatter={(value: number) => moneyShort(value, currency)}
        tick={TICK}
        axisLine={false}
        tickLine={false}
        width={58}
        interval={0}
      />
      <Tooltip
        isAnimationActive={false}
        cursor={{ stroke: "var(--line-strong)" }}
        content={({ active, payload }) => {
          const row = payload?.[0]?.payload as JudgedRow | undefined;
          return active && row !== undefined ? <BarTip {...{ row, pnl, currency, daily }} /> : null;
        }}
      />
      <ReferenceLine y={0} stroke="var(--line-strong)" />
      <Line
        dataKey="pnl"
        type="step"
        stroke="var(--body-line)"
        strokeWidth={1}
        dot={false}
        activeDot={false}
        isAnimationActive={false}
      />
      <Line
        dataKey="allowed"
        type="stepBefore"
        stroke="var(--warn)"
        strokeWidth={1.4}
        dot={false}
        activeDot={false}
        isAnimationActive={false}
      />
      <Line
        dataKey="exception"
        stroke="none"
        dot={{ r: 3.5, fill: "var(--loss)", stroke: "var(--panel)", strokeWidth: 1 }}
        activeDot={false}
        isAnimationActive={false}
      />
    </ComposedChart>
  );
}

function BarTip(props: Pick<Props, "pnl" | "currency" | "daily"> & { row: JudgedRow }) {
  const { row, pnl, currency, daily } = props;
  const name = pnl === "actual" ? "Actual P&L" : "Hypothetical P&L";
  return (
    <ChartTip title={daily ? day(row.moment) : `${day(row.moment)}, ${clock(row.moment)}`}>
      <TipRow colour="var(--body-line)" name={name} value={moneyExact(row.pnl, currency, 2)} />
      <TipRow colour="var(--warn)" name="−VaR forecast" value={moneyExact(row.allowed, currency, 2)} />
      {row.exception !== null && <TipRow colour="var(--loss)" name="exception" value="" />}
    </ChartTip>
  );
}
