import { lazy, Suspense, useCallback, useMemo } from "react";
import { useChosen } from "../app/view.ts";
import { fetchHistory, fetchLimits, resolutionOf } from "../client/http.ts";
import { METHOD_NAMES } from "../client/types.ts";
import { money } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Sized } from "../parts/Sized.tsx";
import type { Domain } from "../risk/domain.ts";
import { type LimitLine, linesOf } from "../risk/limits.ts";
import { reasonOf } from "../risk/measures.ts";
import { useSampled } from "../store/hooks.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { type ChartRow, chartRows, pointOf, type Series, stepWithin, within } from "../store/series.ts";
import type { Portfolio, State } from "../store/state.ts";
import { isOfRisk, linesOfCurve } from "./curves.ts";
import { SeriesMarks } from "./SeriesMarks.tsx";
import styles from "./SeriesPanel.module.css";
import { SeriesZoom } from "./SeriesZoom.tsx";
import { useAsked } from "./useAsked.ts";

const SeriesChart = lazy(() => import("./SeriesChart.tsx"));

const REDRAW_MS = 400;
const LIMITS_MS = 15_000;
const HISTORY_MS = 30_000;
const SHORTEST_MS = 60_000;
/** A limit so far above the series (as a multiple of its highest point) is named, not drawn. */
const IN_SIGHT = 1.6;

/** The plot's edges beside its axis; SeriesChart draws by the same. */
const EDGES = { left: 12, right: 62 };

const alertsOf = (state: State) => state.alerts;

/** The window asked for, or as much of it as there are data for: a young series is not squeezed into a corner. */
function timesOf(series: Series, windowMs: number): Domain {
  const first = series.points[0]?.moment ?? 0;
  const last = series.points.at(-1)?.moment ?? 0;
  return [Math.min(Math.max(first, last - windowMs), last - Math.min(SHORTEST_MS, windowMs)), last];
}

/** What is held of the series; of a part that is looked at, also what its history says. */
function useSeries(portfolio: Portfolio | undefined): Series | undefined {
  const { portfolio: id, zoom } = useChosen();
  const { answer } = useAsked(
    zoom === null ? null : `${id}|${zoom.join("|")}`,
    async (signal) => {
      const [from, to] = zoom ?? [0, 0];
      const stepMs = stepWithin([from, to]);
      const query = { start: new Date(from - 3 * stepMs), end: new Date(to + 3 * stepMs) };
      return fetchHistory(id, { ...query, resolution: resolutionOf(stepMs) }, signal);
    },
    HISTORY_MS,
  );
  const held = portfolio?.series;
  return useMemo(
    () =>
      held === undefined || zoom === null ? held : within(zoom, held, (answer?.points ?? []).map(pointOf)),
    [held, zoom, answer],
  );
}

function useLimitLines(): LimitLine[] {
  const { portfolio, curve, confidence } = useChosen();
  const { answer } = useAsked(portfolio, (signal) => fetchLimits(portfolio, signal), LIMITS_MS);
  return useMemo(
    () => (isOfRisk(curve) ? linesOf(answer ?? [], curve, confidence) : []),
    [answer, curve, confidence],
  );
}

const highest = (rows: readonly ChartRow[]): number =>
  Math.max(...rows.flatMap(({ values }) => values.map((value) => value ?? 0)));

export function SeriesBody() {
  const { portfolio: id, confidence, curve, windowMs, zoom, change } = useChosen();
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const series = useSeries(portfolio);
  const drawn = useMemo(() => linesOfCurve(curve, confidence), [curve, confidence]);
  const rows = useMemo(
    () =>
      series === undefined
        ? []
        : chartRows(
            series,
            drawn.map(({ key }) => key),
          ),
    [series, drawn],
  );
  const lines = useLimitLines();
  const alerts = useSampled(alertsOf, REDRAW_MS);
  const own = useMemo(() => Object.values(alerts).filter(({ portfolio: of }) => of === id), [alerts, id]);
  const onZoom = useCallback((part: Domain | null) => change({ zoom: part }), [change]);
  const drawable = rows.filter(({ values }) => values.some((value) => value !== null)).length > 1;
  if (portfolio === undefined || !drawable) return <NoSeries portfolio={portfolio} zoomed={zoom !== null} />;
  const currency = portfolio.snapshot?.base_currency ?? "USD";
  const all = timesOf(portfolio.series, windowMs);
  const times = zoom ?? all;
  const top = IN_SIGHT * highest(rows);
  const subject = `${portfolio.id}|${confidence}|${curve}|${windowMs}|${zoom?.join("|")}`;
  return (
    <>
      <Sized>
        {({ width, height }) => {
          const plot = { left: EDGES.left, right: width - EDGES.right };
          return (
            <SeriesZoom {...{ times, all, plot, onZoom }}>
              <Suspense>
                <SeriesChart
                  {...{ subject, drawn, rows, times, currency, width, height, edges: EDGES }}
                  lines={lines.filter(({ value }) => value <= top)}
                />
              </Suspense>
              <SeriesMarks alerts={own} {...{ times, plot, currency }} />
            </SeriesZoom>
          );
        }}
      </Sized>
      <Above lines={lines.filter(({ value }) => value > top)} currency={currency} />
    </>
  );
}

/** Limits that the axis does not reach to. */
function Above({ lines, currency }: { lines: readonly LimitLine[]; currency: string }) {
  if (lines.length === 0) return null;
  const words = lines.map(
    ({ level, method, value }) => `${METHOD_NAMES[method]} ${level} ${money(value, currency)}`,
  );
  return <p className={styles.above}>↑ {words.join(", ")}</p>;
}

function NoSeries({ portfolio, zoomed }: { portfolio: Portfolio | undefined; zoomed: boolean }) {
  const snapshot = portfolio?.snapshot ?? null;
  const reason = snapshot === null ? (portfolio?.reason ?? null) : reasonOf(snapshot);
  if (zoomed && snapshot !== null) return <Message title="No figures are kept of this part" />;
  if (reason !== null) return <Message title="No figures yet">{reason}</Message>;
  if (snapshot === null) return <Message title="Loading…" />;
  return <Message title="The series begins now">The line appears with the second snapshot.</Message>;
}
