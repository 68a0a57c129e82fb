import { useRef } from "react";
import { CartesianGrid, Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import { METHOD_NAMES } from "../client/types.ts";
import { moneyExact, moneyShort } from "../format/number.ts";
import { clock, day, tickLabel, zoneName } from "../format/time.ts";
import { ChartTip, TipRow } from "../parts/ChartTip.tsx";
import { type Domain, steadyDomain, ticksOf, timeTicks } from "../risk/domain.ts";
import type { LimitLine } from "../risk/limits.ts";
import type { ChartRow } from "../store/series.ts";
import type { CurveLine } from "./curves.ts";

interface Props {
  /** What is drawn: another subject has another axis. */
  subject: string;
  drawn: readonly CurveLine[];
  rows: ChartRow[];
  times: Domain;
  lines: readonly LimitLine[];
  currency: string;
  width: number;
  height: number;
  /** How far the plot stands from the chart's edges; the values' axis is in the right one. */
  edges: { left: number; right: number };
}

const MARGIN = { top: 8, right: 4, bottom: 0 };
const KEYS = "Plus and minus to come closer and back, Shift and arrows to move, Escape for all";
const TICK = { fill: "var(--faint)", fontSize: 11 };

function valueDomain(held: Domain | null, rows: readonly ChartRow[], lines: readonly LimitLine[]): Domain {
  const values = rows.flatMap((row) => row.values).filter((value) => value !== null);
  return steadyDomain(held, Math.min(...values), Math.max(...values, ...lines.map(({ value }) => value)));
}

export default function SeriesChart(props: Props) {
  const { subject, drawn, rows, times, lines, currency, width, height, edges } = props;
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
          return active && row !== undefined ? <SeriesTip {...{ row, drawn, currency }} /> : null;
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
      {values[0] < 0 && values[1] > 0 && <ReferenceLine y={0} stroke="var(--line-strong)" />}
      {[...drawn.entries()].reverse().map(([place, { key, name, colour, band }]) => (
        <Line
          key={key}
          dataKey={({ values }: ChartRow) => values[place]}
          name={name}
          stroke={colour}
          strokeWidth={band ? 4 : 1.6}
          strokeOpacity={band ? 0.5 : 1}
          type="linear"
          dot={false}
          activeDot={{ r: 3, strokeWidth: 0, fill: colour }}
          isAnimationActive={false}
        />
      ))}
    </LineChart>
  );
}

const LEVEL_COLOURS = { warning: "var(--warn)", breach: "var(--loss)" } as const;

function SeriesTip({ row, drawn, currency }: Pick<Props, "drawn" | "currency"> & { row: ChartRow }) {
  const title = `${day(row.moment)}, ${clock(row.moment)} ${zoneName(row.moment)}`;
  return (
    <ChartTip title={title}>
      {drawn.map(({ key, name, colour }, place) => (
        <TipRow key={key} {...{ colour, name }} value={moneyExact(row.values[place] ?? null, currency, 2)} />
      ))}
    </ChartTip>
  );
}
