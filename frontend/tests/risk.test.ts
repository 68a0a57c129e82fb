import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atConfidence, attributionOf } from "../src/risk/attribution.ts";
import { niceDomain, steadyDomain, ticksOf, timeTicks } from "../src/risk/domain.ts";
import { ageOf, healthOf, isBehind } from "../src/risk/health.ts";
import { binAt, lossBins, sharesAt, stepPoints } from "../src/risk/histogram.ts";
import { progressOf } from "../src/risk/measures.ts";
import { rowsOf, sorted } from "../src/risk/rows.ts";
import { leading, waterfall } from "../src/risk/waterfall.ts";
import { initialState, portfolioOf, withPhase, withReason, withRisk } from "../src/store/state.ts";
import { measure, position, snapshot } from "./fixtures.ts";

const amount = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe("the waterfall", () => {
  const parts = fc.uniqueArray(fc.record({ symbol: fc.string(), value: amount }), {
    selector: ({ symbol }) => symbol,
    minLength: 1,
    maxLength: 80,
  });

  test("adds up: each bar begins where the last ended, and the total stands on zero", () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 20 }), (contributions, limit) => {
        const bars = waterfall(contributions, leading(contributions, limit));
        let sum = 0;
        for (const bar of bars.slice(0, -1)) {
          expect(bar.range).toEqual([Math.min(sum, sum + bar.value), Math.max(sum, sum + bar.value)]);
          sum += bar.value;
        }
        const total = bars.at(-1);
        expect(total?.value).toBe(sum);
        expect(total?.range).toEqual([Math.min(0, sum), Math.max(0, sum)]);
        const exact = contributions.reduce((all, { value }) => all + value, 0);
        expect(Math.abs(sum - exact)).toBeLessThan(1e-6);
        expect(bars.slice(0, -1).reduce((all, { members }) => all + members, 0)).toBe(contributions.length);
      }),
    );
  });

  test("shows the largest by size, those that add before those that take away", () => {
    const values = [5, -30, 20, 1, 2, 3];
    const contributions = values.map((value) => ({ symbol: `S${value}`, value }));
    const bars = waterfall(contributions, leading(contributions, 3));
    expect(bars.map(({ label }) => label)).toEqual(["S20", "S5", "S-30", "3 others", "Total"]);
    expect(bars.at(-1)?.range).toEqual([0, 1]);
  });

  test("keeps the order it was given while values move, and forgets who has left", () => {
    const moved = [1, 9].map((value) => ({ symbol: `S${value}`, value }));
    expect(waterfall(moved, ["gone", "S1", "S9"]).map(({ label }) => label)).toEqual(["S1", "S9", "Total"]);
  });

  test("never stands one position behind the word others", () => {
    const contributions = [1, 2, 3, 4].map((value) => ({ symbol: `S${value}`, value }));
    expect(waterfall(contributions, leading(contributions, 3)).map(({ kind }) => kind)).toEqual([
      "part",
      "part",
      "part",
      "part",
      "total",
    ]);
  });
});

describe("components", () => {
  test("are named after the figure that they add up to", () => {
    expect(attributionOf(snapshot(), "component_var")?.measure).toEqual(measure("parametric", 0.99, 1000));
    expect(attributionOf(snapshot({ positions: [position("A", 1)] }), "component_var")).toBeNull();
    expect(attributionOf(snapshot({ positions: [position("A", null)] }), "component_var")).toBeNull();
  });

  test("follow the confidence, because parametric VaR does so exactly", () => {
    const at95 = atConfidence(snapshot(), 0.95);
    expect(at95.positions.map((row) => row.component_var)).toEqual([630, 210, -140]);
    expect(attributionOf(at95, "component_var")?.measure.confidence).toBe(0.95);
    expect(at95.positions[0]?.component_es).toBe(snapshot().positions[0]?.component_es);
  });

  test("stay as they are where they cannot follow", () => {
    const held = snapshot({
      measures: [measure("historical", 0.99, 1000), measure("parametric", 0.95, 700)],
    });
    expect(atConfidence(held, 0.95)).toBe(held);
  });
});

describe("the loss distribution", () => {
  const bins = lossBins({ method: "monte_carlo", edges: [-30, -20, -10, 0, 10], counts: [1, 2, 3, 4] });

  test("is the mirror of the P&L: the worst on the right", () => {
    expect(bins).toEqual([
      { from: -10, to: 0, count: 4 },
      { from: 0, to: 10, count: 3 },
      { from: 10, to: 20, count: 2 },
      { from: 20, to: 30, count: 1 },
    ]);
  });

  test("is cut exactly at VaR, with nothing drawn twice", () => {
    expect(stepPoints(bins, 15).map(({ normal: _, ...corner }) => corner)).toEqual([
      { loss: -10, body: 4, tail: null },
      { loss: 0, body: 3, tail: null },
      { loss: 10, body: 2, tail: null },
      { loss: 15, body: 0, tail: 2 },
      { loss: 20, body: null, tail: 1 },
      { loss: 30, body: null, tail: 0 },
    ]);
  });

  test("without VaR, or with VaR beyond its end, has no tail", () => {
    expect(stepPoints(bins, null).every(({ tail }) => tail === null)).toBe(true);
    expect(stepPoints(bins, 99).every(({ tail }) => tail === null)).toBe(true);
  });

  test("has the normal curve of its own standard deviation over it, of the same area", () => {
    const fine = Array.from({ length: 400 }, (_, i) => ({ from: i - 200, to: i - 199, count: 1 }));
    const points = stepPoints(fine, null);
    const area = points.reduce((sum, { normal }) => sum + normal, 0);
    const deviation = 400 / Math.sqrt(12);
    expect(Math.max(...points.map(({ normal }) => normal))).toBeCloseTo(
      400 / (deviation * Math.sqrt(2 * Math.PI)),
      4,
    );
    // P(|Z| < sqrt(3)) of the curve lies over these bins.
    expect(area).toBeCloseTo(400 * 0.916_735, 0);
  });

  test("of a book that cannot lose is flat", () => {
    expect(stepPoints([{ from: 0, to: 0, count: 5 }], null).every(({ normal }) => normal === 0)).toBe(true);
  });

  test("tells the share of a bin and of all that is as bad", () => {
    expect(sharesAt(bins, binAt(bins, 12))).toEqual({ bin: 0.2, beyond: expect.closeTo(0.3) });
    expect(sharesAt(bins, binAt(bins, 99))).toBeNull();
  });
});

describe("axes", () => {
  test("hold the data, whatever they are", () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const [low, high] = niceDomain(Math.min(a, b), Math.max(a, b));
        expect(low).toBeLessThanOrEqual(Math.min(a, b));
        expect(high).toBeGreaterThanOrEqual(Math.max(a, b));
        expect(high).toBeGreaterThan(low);
        expect(ticksOf([low, high]).length).toBeLessThan(15);
      }),
    );
  });

  test("hold still while the data stay inside and fill them", () => {
    const held = niceDomain(40, 60);
    expect(steadyDomain(held, 42, 57)).toBe(held);
    expect(steadyDomain(held, 42, 90)).not.toBe(held);
    expect(steadyDomain([0, 1000], 500, 501)).not.toEqual([0, 1000]);
  });

  test("tick on round clock times of the zone", () => {
    const hour = 3_600_000;
    const ticks = timeTicks(0, 6 * hour, 4, hour / 2);
    expect(ticks.every((tick) => (tick + hour / 2) % (2 * hour) === 0)).toBe(true);
    expect(ticks.length).toBeLessThanOrEqual(4);
  });
});

describe("rows", () => {
  const held = snapshot({
    positions: [position("AAA", 900), position("BBB", null), { ...position("CCC", 100), stale: true }],
    quality: {
      ...snapshot().quality,
      uncovered: [
        { symbol: "BBB", reason: "no price yet" },
        { symbol: "ZZZ", reason: "no rate for JPY" },
      ],
    },
  });

  test("carry their share and what is wrong with them, also when only the quality names them", () => {
    const rows = rowsOf(held);
    expect(rows.map(({ share }) => share)).toEqual([0.9, null, 0.1, null]);
    expect(rows.map(({ uncovered }) => uncovered)).toEqual([null, "no price yet", null, "no rate for JPY"]);
  });

  test("sort with the unknown last either way", () => {
    const order = (descending: boolean) =>
      sorted(rowsOf(held), { column: "component_var", descending }).map(({ symbol }) => symbol);
    expect(order(true)).toEqual(["AAA", "CCC", "BBB", "ZZZ"]);
    expect(order(false)).toEqual(["CCC", "AAA", "BBB", "ZZZ"]);
  });
});

describe("health", () => {
  const published = Date.parse("2026-11-22T09:30:00.004Z");
  const clocks = (sinceMs: number) => ({ now: 1000 + sinceMs, serverNow: published + sinceMs });
  const open = withPhase(initialState(1000), { phase: "open" }, 0);
  const held = withRisk(open, snapshot(), 1000);
  const first = portfolioOf(held, "main");
  const main = { ...first, cadenceMs: 250 };

  test("is live while figures are fresh, and stale when they stop", () => {
    expect(healthOf(held.connection, main, clocks(200))).toBe("live");
    expect(healthOf(held.connection, main, clocks(10_500))).toBe("stale");
  });

  test("a snapshot that was old when it came is old", () => {
    const age = ageOf(main, { now: 1000, serverNow: published + 3_600_000 });
    expect(age).toBe(3_599_003); // 3 ms of them before it was published
  });

  test("of an engine that is behind is not live, however fresh its figures come", () => {
    const quality = { ...snapshot().quality, lag_ms: 56_000 };
    const late = { ...main, snapshot: snapshot({ quality }) };
    expect(ageOf(late, clocks(200))).toBe(56_200);
    expect(healthOf(held.connection, late, clocks(200))).toBe("stale");
    expect(isBehind(late)).toBe(true);
    expect(isBehind(main)).toBe(false);
  });

  test("slow publishing is not staleness, nor is a first bar", () => {
    expect(healthOf(held.connection, first, clocks(149_000))).toBe("live");
    expect(healthOf(held.connection, first, clocks(152_000))).toBe("stale");
    const slow = { ...main, cadenceMs: 60_000 };
    expect(healthOf(held.connection, slow, clocks(100_000))).toBe("live");
  });

  test("a hiccup of the line is nobody's business, a loss is", () => {
    const lost = withPhase(held, { phase: "waiting", attempt: 1, retryAt: 0 }, 1000).connection;
    expect(healthOf(lost, main, clocks(500))).toBe("live");
    expect(healthOf(lost, main, clocks(2000))).toBe("reconnecting");
  });

  test("a replay is called one, and does not age", () => {
    const replayed = portfolioOf(withRisk(open, snapshot({ published_at: null }), 1000), "main");
    expect(healthOf(held.connection, replayed, clocks(3_600_000))).toBe("replay");
  });

  test("without figures it is warming up when there is a reason, loading otherwise", () => {
    expect(healthOf(open.connection, portfolioOf(open, "x"), clocks(0))).toBe("loading");
    const waiting = withReason(open, "x", "before the first snapshot");
    expect(healthOf(open.connection, portfolioOf(waiting, "x"), clocks(0))).toBe("warming");
    const blank = snapshot({ measures: [measure("parametric", 0.99, null)] });
    expect(healthOf(open.connection, portfolioOf(withRisk(open, blank, 1000), "main"), clocks(0))).toBe(
      "warming",
    );
  });
});

test("the progress is read from the reason where it tells one", () => {
  expect(progressOf("warming up: 12 of 30 bars")).toEqual({ done: 12, needed: 30 });
  expect(progressOf("12/30")).toEqual({ done: 12, needed: 30 });
  expect(progressOf("no price yet")).toBeNull();
});
