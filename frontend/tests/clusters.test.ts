import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heatColour } from "../src/panels/heat.ts";
import { clusteredOrder, strongestPairs } from "../src/risk/clusters.ts";

describe("the clustered order", () => {
  test("puts what moves together side by side", () => {
    const group = [0, 1, 0, 1, 0, 1];
    const matrix = group.map((one, i) => group.map((other, j) => (i === j ? 1 : one === other ? 0.8 : -0.1)));
    const groups = clusteredOrder(matrix).map((i) => group[i]);
    expect(groups.slice(0, 3)).toEqual(Array(3).fill(groups[0]));
    expect(groups.slice(3)).toEqual(Array(3).fill(groups[5]));
  });

  test("holds every instrument once, whatever the correlations are", () => {
    const value = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constant(null));
    const square = fc
      .integer({ min: 0, max: 12 })
      .chain((n) =>
        fc.array(fc.array(value, { minLength: n, maxLength: n }), { minLength: n, maxLength: n }),
      );
    fc.assert(
      fc.property(square, (matrix) => {
        expect([...clusteredOrder(matrix)].sort((a, b) => a - b)).toEqual(matrix.map((_, i) => i));
      }),
    );
  });
});

test("the strongest pairs are told by size, each once, without what is not defined", () => {
  const matrix = [
    [1, -0.9, 0.3],
    [-0.9, 1, null],
    [0.3, null, 1],
  ];
  expect(strongestPairs(matrix, 5)).toEqual([
    { one: 0, other: 1, correlation: -0.9 },
    { one: 0, other: 2, correlation: 0.3 },
  ]);
});

test("what is not defined has no colour, and the stronger the fuller", () => {
  expect(heatColour(null)).toBe("transparent");
  expect(heatColour(1)).toBe("rgb(217 82 94 / 1.000)");
  expect(heatColour(-0.25)).toBe("rgb(79 140 255 / 0.250)");
});
