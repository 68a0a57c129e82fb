import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { momentAt, moved, scaled, zoomTo } from "../src/risk/zoom.ts";

const ALL = [0, 900_000] as const;
const PLOT = { left: 12, right: 612 };

describe("a part of the time axis", () => {
  test("begins and ends at the moments under the pointer, edges included", () => {
    expect(momentAt(312, PLOT, ALL)).toBe(450_000);
    expect(momentAt(0, PLOT, ALL)).toBe(0);
    expect(momentAt(2000, PLOT, ALL)).toBe(900_000);
  });

  test("comes closer about the moment pointed at, which stays where it is", () => {
    expect(scaled(ALL, 0.5, 300_000)).toEqual([150_000, 600_000]);
    expect(moved(scaled(ALL, 0.5, 0), 0.5)).toEqual([225_000, 675_000]);
  });

  test("is never shorter than can be seen, nor later than there is anything", () => {
    expect(zoomTo([400_100, 400_200], ALL)).toEqual([395_000, 406_000]);
    expect(zoomTo([800_000, 1_000_000], ALL)).toEqual([700_000, 900_000]);
  });

  test("that leaves nothing out is no part", () => {
    expect(zoomTo([-5, 900_005], ALL)).toBeNull();
    expect(zoomTo(scaled([100_000, 200_000], 20, 150_000), ALL)).toBeNull();
  });

  test("may lie before what is drawn without it", () => {
    expect(zoomTo([-600_000, -300_000], ALL)).toEqual([-600_000, -300_000]);
  });

  test("is whole, rising and bounded, whatever was dragged", () => {
    const moment = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(moment, moment, (one, other) => {
        const part = zoomTo([Math.min(one, other), Math.max(one, other)], ALL);
        if (part === null) return;
        expect(part[1] - part[0]).toBeGreaterThanOrEqual(10_000);
        expect(part[1]).toBeLessThanOrEqual(900_000);
        expect(part.every(Number.isInteger)).toBe(true);
      }),
    );
  });
});
