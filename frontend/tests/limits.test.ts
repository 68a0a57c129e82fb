import { describe, expect, test } from "vitest";
import { readLimits } from "../src/client/readLimits.ts";
import { faultOfLimit, type LimitDraft, limitOf, linesOf, withLimit } from "../src/risk/limits.ts";

const draft = (change: Partial<LimitDraft> = {}): LimitDraft => ({
  rule: "var",
  method: "historical",
  confidence: 0.99,
  warning: "80,000",
  breach: "100000",
  ...change,
});

const wire = {
  name: "var historical 0.99",
  rule: "var",
  method: "historical",
  confidence: 0.99,
  scenario: null,
  warning: 80,
  breach: 100,
  for_s: 5,
  hysteresis: 0.1,
  value: 90,
  utilisation: 0.9,
  reason: null,
  state: "firing",
  level: "warning",
  since: "2026-11-22T09:30:00Z",
  alert: "a1",
  silenced: false,
};

describe("a limit", () => {
  test("has positive levels, the warning before the breach", () => {
    expect(faultOfLimit(draft())).toBeNull();
    expect(faultOfLimit(draft({ warning: "" }))).toBeNull();
    expect(faultOfLimit(draft({ warning: "", breach: "" }))).toMatch(/a warning, a breach or both/);
    expect(faultOfLimit(draft({ warning: "-5" }))).toMatch(/positive/);
    expect(faultOfLimit(draft({ warning: "100000" }))).toMatch(/before the breach/);
  });

  test("names method and confidence only where its figure has them", () => {
    expect(limitOf(draft())).toMatchObject({ method: "historical", confidence: 0.99, warning: 80_000 });
    expect(limitOf(draft({ rule: "gross" }))).toMatchObject({ method: null, confidence: null });
  });

  test("takes the place of the one on the same figure, and leaves the others as they are stated", () => {
    const limits = readLimits([
      wire,
      { ...wire, name: "gross", rule: "gross", method: null, confidence: null },
    ]);
    const stated = withLimit(limits, limitOf(draft()));
    expect(stated.map(({ rule, warning, for_s }) => [rule, warning, for_s])).toEqual([
      ["gross", 80, 5],
      ["var", 80_000, 0],
    ]);
  });

  test("that cannot be read is left out, and nothing throws", () => {
    expect(readLimits([{ ...wire, rule: "dance" }, null, 5, wire])).toHaveLength(1);
    expect(readLimits({ limits: [] })).toEqual([]);
  });
});

test("the levels of a figure at a confidence are lines in its series, the lowest first", () => {
  const read = (...changes: object[]) => readLimits(changes.map((change) => ({ ...wire, ...change })));
  const limits = read(
    {},
    { method: "parametric", warning: null, breach: 90 },
    { rule: "es" },
    { confidence: 0.95 },
  );
  expect(linesOf(limits, "var", 0.99)).toEqual([
    { value: 80, level: "warning", method: "historical" },
    { value: 90, level: "breach", method: "parametric" },
    { value: 100, level: "breach", method: "historical" },
  ]);
  expect(linesOf(limits, "es", 0.99)).toHaveLength(2);
  expect(linesOf(limits, "var", 0.975)).toEqual([]);
});
