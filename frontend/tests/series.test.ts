import { describe, expect, test } from "vitest";
import {
  append,
  CAPACITY,
  changeOf,
  chartRows,
  emptySeries,
  figureKey,
  merge,
  pointOf,
  within,
  withStep,
} from "../src/store/series.ts";
import { later, measure } from "./fixtures.ts";

const at = (seconds: number, value: number | null = 1000) =>
  pointOf(later(seconds, { measures: [measure("parametric", 0.99, value)] }));
const KEY = figureKey("parametric", 0.99, "var");
const filled = (...seconds: number[]) =>
  seconds.reduce((series, s) => append(series, at(s, 1000 + s)), emptySeries(1000));
const valuesOf = (series: ReturnType<typeof filled>) => series.points.map((point) => point.figures[KEY]);

describe("the live end", () => {
  test("the last event of a step stands for it", () => {
    expect(valuesOf(filled(0.1, 0.5, 0.9, 1.2))).toEqual([1000.9, 1001.2]);
  });

  test("an event that is older than the last changes nothing", () => {
    const series = filled(1, 2);
    expect(append(series, at(1.5))).toBe(series);
  });

  test("a series never grows beyond its capacity nor its window", () => {
    let series = emptySeries(1000);
    for (let second = 0; second < 2 * CAPACITY; second += 1) series = append(series, at(second));
    expect(series.points).toHaveLength(CAPACITY);
    series = append(series, at(10 * CAPACITY));
    expect(series.points).toHaveLength(1);
  });
});

describe("history", () => {
  test("joins the live end without a seam and without a repeat", () => {
    const live = filled(10, 11, 12);
    const joined = merge(live, [at(8), at(9), at(10), at(11)]);
    expect(joined.points.map(({ moment }) => moment - at(0).moment)).toEqual([
      8000, 9000, 10_000, 11_000, 12_000,
    ]);
    expect(valuesOf(joined).slice(2)).toEqual([1010, 1011, 1012]);
  });

  test("a wider step keeps the later moment of each", () => {
    expect(valuesOf(withStep(filled(0, 1, 2, 3), 2000))).toEqual([1001, 1003]);
  });
});

describe("a whole series", () => {
  test("keeps its beginning for ever, in steps that grow with it", () => {
    let series = emptySeries(1000, true);
    for (let second = 0; second < 5 * CAPACITY; second += 1) series = append(series, at(second));
    expect(series.points.length).toBeLessThanOrEqual(CAPACITY);
    expect(series.stepMs).toBe(8000);
    expect((series.points.at(-1)?.moment ?? 0) - (series.points[0]?.moment ?? 0)).toBeGreaterThan(
      (5 * CAPACITY - 10) * 1000,
    );
  });
});

describe("a part that is looked at", () => {
  const start = at(0).moment;

  test("is drawn from its history, and from the live end where there is none yet", () => {
    const part = within([start + 10_000, start + 20_000], filled(18, 19, 20, 21, 60), [
      at(9),
      at(12),
      at(15),
    ]);
    expect(part.points.map(({ moment }) => (moment - start) / 1000)).toEqual([12, 15, 18, 19, 20]);
  });
});

describe("what the chart draws", () => {
  test("a figure that cannot be given leaves a gap", () => {
    const series = append(append(emptySeries(1000), at(0)), at(1, null));
    expect(chartRows(series, [KEY]).map((row) => row.values[0])).toEqual([1000, null]);
  });

  test("no line is drawn across an outage", () => {
    const rows = chartRows(filled(0, 1, 2, 60, 61), [KEY]);
    expect(rows.map((row) => row.values[0])).toEqual([1000, 1001, 1002, null, 1060, 1061]);
  });

  test("slow bars are no outage", () => {
    expect(chartRows(filled(0, 60, 120, 180), [KEY]).every((row) => row.values[0] !== null)).toBe(true);
  });
});

test("the change is told since the first moment that has the figure", () => {
  const series = append(append(append(emptySeries(1000), at(0, null)), at(10, 1000)), at(20, 1100));
  const change = { from: 1000, fraction: expect.closeTo(0.1), overMs: 10_000, since: null };
  expect(changeOf(series, KEY)).toEqual(change);
  expect(changeOf(series, KEY, at(-60, null))).toEqual(change);
  expect(changeOf(emptySeries(1000), KEY)).toBeNull();
});

test("the change is told since the opening where that has the figure", () => {
  const series = append(append(emptySeries(1000), at(0)), at(20, 1100));
  const opening = at(-3600, 880);
  expect(changeOf(series, KEY, opening)).toEqual({
    from: 880,
    fraction: expect.closeTo(0.25),
    overMs: 3_620_000,
    since: opening.moment,
  });
});
