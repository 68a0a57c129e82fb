import { useRef } from "react";
import { CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import { METHOD_NAMES, METHODS } from "../client/types.ts";
import { moneyExact, moneyShort } from "../format/number.ts";
import { clock, day, tickLabel, zoneName } from "../format/time.ts";
import { ChartTip, TipRow } from "../parts/ChartTip.tsx";
import { type Domain, steadyDomain, ticksOf, timeTicks } from "../risk/domain.ts";
import type { LimitLine } from "../risk/limits.ts";
import type { ChartRow, Metric } from "../store/series.ts";
import { METHOD_COLOURS } from "./methods.ts";

interface Props {
  /** What is drawn: another subject has another axis. */
  subject: string;
  rows: ChartRow[];
  metric: Metric;
  times: Domain;
  lines: readonly LimitLine[];
  currency: string;
  width: number;
  height: number;
  /** How far the plot stands from the chart's edges; the values' axis is in the right one. */
  edges: { left: number; right: number };
}

const MARGIN = { top: 8, right: 4, bottom: 0 };
const DRAWN = [...METHODS].reverse();
const KEYS = "Plus and minus to come closer and back, Shift and arrows to move, Escape for all";
const TICK = { fill: "var(--faint)", fontSize: 11 };

function valueDomain(held: Domain | null, rows: readonly ChartRow[], lines: readonly LimitLine[]): Domain {
  const values = rows
    .flatMap((row) => METHODS.map((method) => row[method]))
    .filter((value) => value !== null);
  return steadyDomain(held, Math.min(...values), Math.max(...values, ...lines.map(({ value }) => value)));
}

export default function SeriesChart(props: Props) {
  const { subject, rows, metric, times, lines, currency, width, height, edges } = props;
  const held = useRef<{ subject: string; values: Domain } | null>(null);
  const before = held.current?.subject === subject ? held.current.values : null;
  const values = valueDomain(before, rows, lines);
  held.current = { subject, values };
  const offsetMs = -new Date(times[1]).getTimezoneOffset() * 60_000;
  return (
    <LineChart
      width={width}
      height={height}
      data={rows}
      margin={{ ...MARGIN, left: edges.left }}
      desc={KEYS}
      accessibilityLayer
    >
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
        width={edges.right - MARGIN.right}
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
      {lines.map(({ value, level, method }) => (
        <ReferenceLine
          key={`${method}|${level}`}
          y={value}
          stroke={LEVEL_COLOURS[level]}
          strokeDasharray={level === "warning" ? "2 4" : "6 3"}
          label={{
            value: `${METHOD_NAMES[method]} ${level}`,
            position: "insideBottomLeft",
            fill: LEVEL_COLOURS[level],
            fontSize: 11,
          }}
        />
      ))}
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

const LEVEL_COLOURS = { warning: "var(--warn)", breach: "var(--loss)" } as const;

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
