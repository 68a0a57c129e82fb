import { useRef } from "react";
import { CartesianGrid, Line, LineChart, Tooltip, XAxis, YAxis } from "recharts";
import { METHOD_NAMES, METHODS } from "../client/types.ts";
import { moneyExact, moneyShort } from "../format/number.ts";
import { clock, day, shortDay, zoneName } from "../format/time.ts";
import { ChartTip, TipRow } from "../parts/ChartTip.tsx";
import { type Domain, steadyDomain, ticksOf, timeTicks } from "../risk/domain.ts";
import type { ChartRow, Metric } from "../store/series.ts";
import { METHOD_COLOURS } from "./methods.ts";

interface Props {
  rows: ChartRow[];
  metric: Metric;
  windowMs: number;
  currency: string;
  width: number;
  height: number;
}

const MARGIN = { top: 8, right: 4, bottom: 0, left: 12 };
const DRAWN = [...METHODS].reverse();
const SHORTEST_MS = 60_000;
const TICK = { fill: "var(--faint)", fontSize: 11 };

function valueDomain(held: Domain | null, rows: readonly ChartRow[]): Domain {
  const values = rows
    .flatMap((row) => METHODS.map((method) => row[method]))
    .filter((value) => value !== null);
  return steadyDomain(held, Math.min(...values), Math.max(...values));
}

/** The window asked for, or as much of it as there are data for: a young series is not squeezed into a corner. */
function timeDomain(rows: readonly ChartRow[], windowMs: number): Domain {
  const first = rows[0]?.moment ?? 0;
  const last = rows.at(-1)?.moment ?? 0;
  return [Math.min(Math.max(first, last - windowMs), last - Math.min(SHORTEST_MS, windowMs)), last];
}

export default function SeriesChart({ rows, metric, windowMs, currency, width, height }: Props) {
  const held = useRef<Domain | null>(null);
  held.current = valueDomain(held.current, rows);
  const values = held.current;
  const times = timeDomain(rows, windowMs);
  const offsetMs = -new Date(times[1]).getTimezoneOffset() * 60_000;
  return (
    <LineChart width={width} height={height} data={rows} margin={MARGIN} accessibilityLayer>
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="moment"
        type="number"
        domain={[times[0], times[1]]}
        ticks={timeTicks(times[0], times[1], Math.max(2, Math.floor(width / 96)), offsetMs)}
        tickFormatter={tickLabel(times[1] - times[0])}
        tick={TICK}
        stroke="var(--line-strong)"
        tickSize={4}
        height={24}
        interval={0}
        allowDataOverflow
      />
      <YAxis
        orientation="right"
        domain={[values[0], values[1]]}
        ticks={ticksOf(values)}
        tickFormatter={(value: number) => moneyShort(value, currency)}
        tick={TICK}
        axisLine={false}
        tickLine={false}
        width={58}
        interval={0}
        allowDataOverflow
      />
      <Tooltip
        isAnimationActive={false}
        cursor={{ stroke: "var(--line-strong)" }}
        content={({ active, payload }) => {
          const row = payload?.[0]?.payload as ChartRow | undefined;
          return active && row !== undefined ? <SeriesTip {...{ row, metric, currency }} /> : null;
        }}
      />
      {DRAWN.map((method) => (
        <Line
          key={method}
          dataKey={method}
          name={METHOD_NAMES[method]}
          stroke={METHOD_COLOURS[method]}
          // The simulated line follows the closed form closely: as a band under it both are seen.
          strokeWidth={method === "monte_carlo" ? 4 : 1.6}
          strokeOpacity={method === "monte_carlo" ? 0.5 : 1}
          type="linear"
          dot={false}
          activeDot={{ r: 3, strokeWidth: 0, fill: METHOD_COLOURS[method] }}
          isAnimationActive={false}
        />
      ))}
    </LineChart>
  );
}

const DAY_MS = 86_400_000;

/** As short as the span lets a label be and still tell its tick from the next. */
function tickLabel(spanMs: number): (moment: number) => string {
  if (spanMs < 10 * 60_000) return (moment) => clock(moment);
  if (spanMs <= DAY_MS) return (moment) => clock(moment).slice(0, 5);
  return (moment) => `${shortDay(moment)} ${clock(moment).slice(0, 5)}`;
}

function SeriesTip({ row, metric, currency }: { row: ChartRow; metric: Metric; currency: string }) {
  const title = `${day(row.moment)}, ${clock(row.moment)} ${zoneName(row.moment)}`;
  return (
    <ChartTip title={title}>
      {METHODS.map((method) => (
        <TipRow
          key={method}
          colour={METHOD_COLOURS[method]}
          name={`${METHOD_NAMES[method]} ${metric === "var" ? "VaR" : "ES"}`}
          value={moneyExact(row[method], currency, 2)}
        />
      ))}
    </ChartTip>
  );
}
