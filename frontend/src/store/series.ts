/**
 * The short history behind the charts: at most CAPACITY points of one portfolio, one for each step of time, the last
 * event in a step standing for it. Values are immutable: a chart redraws when the reference changes.
 */
import type { HistoryPoint, Method } from "../client/types.ts";
import { momentOf } from "../format/time.ts";

export const CAPACITY = 300;

/** The window that has everything in it. */
export const ALL_MS = Number.POSITIVE_INFINITY;

export type Metric = "var" | "es";
export type BookFigure = "market_value" | "pnl_today";
export type FigureKey = `${Method}|${number}|${Metric}` | BookFigure;

export interface Point {
  moment: number;
  figures: Readonly<Partial<Record<FigureKey, number | null>>>;
}

export interface Series {
  stepMs: number;
  /** Nothing is dropped at its beginning: when it is full, its steps become twice as long. */
  whole: boolean;
  points: readonly Point[];
}

export const figureKey = (method: Method, confidence: number, metric: Metric): FigureKey =>
  `${method}|${confidence}|${metric}`;

export const emptySeries = (stepMs: number, whole = false): Series => ({ stepMs, whole, points: [] });

type Source = Pick<HistoryPoint, "event_time" | BookFigure | "measures">;

function figuresOf({ market_value, pnl_today, measures }: Source): Point["figures"] {
  const figures: Partial<Record<FigureKey, number | null>> = { market_value, pnl_today };
  for (const measure of measures) {
    figures[figureKey(measure.method, measure.confidence, "var")] = measure.var;
    figures[figureKey(measure.method, measure.confidence, "es")] = measure.es;
  }
  return figures;
}

export const pointOf = (source: Source): Point => ({
  moment: momentOf(source.event_time),
  figures: figuresOf(source),
});

const bucket = (series: Series, point: Point): number => Math.floor(point.moment / series.stepMs);

/** Adds a newer point; one that is older than the last is none of the live end's business and changes nothing. */
export function append(series: Series, point: Point): Series {
  const last = series.points.at(-1);
  if (last !== undefined && point.moment < last.moment) return series;
  const replaces = last !== undefined && bucket(series, last) === bucket(series, point);
  const points = [...(replaces ? series.points.slice(0, -1) : series.points), point];
  return fitted({ ...series, points });
}

/** Joins stored history and live points without a seam: one point a step, the later moment of a step wins. */
export function merge(series: Series, history: readonly Point[]): Series {
  const byStep = new Map<number, Point>();
  for (const point of [...history, ...series.points]) {
    const step = bucket(series, point);
    const held = byStep.get(step);
    if (held === undefined || point.moment >= held.moment) byStep.set(step, point);
  }
  const points = [...byStep.values()].sort((a, b) => a.moment - b.moment);
  return fitted({ ...series, points });
}

export const withStep = (series: Series, stepMs: number, whole = false): Series =>
  merge(emptySeries(stepMs, whole), series.points);

/** Steps on either side of a part, so that its lines run on to its edges. */
const BEYOND = 3;

export const stepWithin = ([from, to]: readonly [number, number]): number =>
  (to - from) / (CAPACITY - 2 * BEYOND);

/** A part of a series: what is held of it, and what the history says of it. */
export function within(part: readonly [number, number], held: Series, history: readonly Point[]): Series {
  const stepMs = stepWithin(part);
  const isIn = ({ moment }: Point) =>
    moment >= part[0] - BEYOND * stepMs && moment <= part[1] + BEYOND * stepMs;
  return merge(emptySeries(stepMs), [...held.points, ...history].filter(isIn));
}

function fitted(series: Series): Series {
  const { points, stepMs, whole } = series;
  if (whole && points.length > CAPACITY) return withStep(series, 2 * stepMs, whole);
  return whole ? series : { ...series, points: inWindow(points, stepMs) };
}

function inWindow(points: readonly Point[], stepMs: number): readonly Point[] {
  const newest = points.at(-1);
  if (newest === undefined) return points;
  const start = newest.moment - stepMs * CAPACITY;
  const kept = points.filter((point) => point.moment >= start);
  return kept.slice(-CAPACITY);
}

/** What is drawn at a moment: the figures asked for, in their order. */
export interface ChartRow {
  moment: number;
  values: readonly (number | null)[];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Rows for the chart. Where time is missing (an outage) stands a row of nulls, so that no line is drawn across it. */
export function chartRows({ points, stepMs }: Series, keys: readonly FigureKey[]): ChartRow[] {
  const steps = points.slice(1).map((point, i) => point.moment - (points[i]?.moment ?? point.moment));
  const gap = Math.max(6 * median(steps), 4 * stepMs);
  const nothing = keys.map(() => null);
  const rows: ChartRow[] = [];
  points.forEach(({ moment, figures }, i) => {
    if ((steps[i - 1] ?? 0) > gap) rows.push({ moment: moment - 1, values: nothing });
    rows.push({ moment, values: keys.map((key) => figures[key] ?? null) });
  });
  return rows;
}

export interface Change {
  from: number;
  fraction: number;
  overMs: number;
  /** The opening that it counts from; null where it counts from the beginning of the series. */
  since: number | null;
}

/** How a figure moved since the opening; where that has none, since the first moment of the series that has it. */
export function changeOf(series: Series, key: FigureKey, opening: Point | null = null): Change | null {
  const opened = typeof opening?.figures[key] === "number" ? opening : undefined;
  const first = opened ?? series.points.find((point) => typeof point.figures[key] === "number");
  const last = series.points.at(-1);
  const from = first?.figures[key];
  const to = last?.figures[key];
  if (first === undefined || last === undefined || first === last) return null;
  if (typeof from !== "number" || typeof to !== "number" || from === 0) return null;
  const since = opened?.moment ?? null;
  return { from, fraction: to / from - 1, overMs: last.moment - first.moment, since };
}
