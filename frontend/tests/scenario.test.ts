import { describe, expect, test } from "vitest";
import { byLoss, type Draft, draftOf, faultOfDraft, returnOf, scenarioOf } from "../src/risk/scenario.ts";

const draft = (change: Partial<Draft> = {}): Draft => ({
  name: "",
  everything: "",
  propagate: false,
  lines: [],
  ...change,
});
const shock = (symbol: string, quantity: string) => ({ id: symbol, symbol, quantity });

describe("a scenario", () => {
  test("reads percent as people write it", () => {
    expect(["-12.5", "−12,5 %", "+10%", "0", "1000"].map(returnOf)).toEqual([-0.125, -0.125, 0.1, 0, 10]);
    expect(["", "ten", "-101", "1001", "1e1", "--1"].map(returnOf)).toEqual(Array(6).fill(null));
  });

  test("is asked when it is whole, under a name of its own or as yours", () => {
    expect(scenarioOf(draft())).toBeNull();
    expect(scenarioOf(draft({ everything: "-10" }))).toEqual({
      name: "yours",
      everything: -0.1,
      groups: [],
      instruments: {},
      propagate: false,
    });
    const lines = [shock("AAA", "-20"), shock("", ""), shock("BBB, CCC;DDD", "5")];
    expect(scenarioOf(draft({ name: " tech ", lines, propagate: true }))).toEqual({
      name: "tech",
      everything: null,
      groups: [{ symbols: ["BBB", "CCC", "DDD"], shock: 0.05 }],
      instruments: { AAA: -0.2 },
      propagate: true,
    });
  });

  test("is changed from where it stands; one that is built in gives a new one, an episode none", () => {
    const held = {
      name: "tech",
      description: "",
      source: null,
      built_in: false,
      everything: null,
      groups: [{ symbols: ["BBB", "CCC"], shock: 0.07 }],
      instruments: { AAA: -0.285 },
      propagate: true,
      episode: null,
    };
    const opened = draftOf(held);
    expect(opened?.lines.map(({ symbol, quantity }) => [symbol, quantity])).toEqual([
      ["BBB, CCC", "7"],
      ["AAA", "-28.5"],
    ]);
    const { name, everything, groups, instruments, propagate } = held;
    expect(opened && scenarioOf(opened)).toEqual({ name, everything, groups, instruments, propagate });
    expect(draftOf({ ...held, built_in: true })?.name).toBe("");
    expect(draftOf({ ...held, episode: { bars: 60 } })).toBeNull();
  });

  test("says what is wrong with it", () => {
    expect(faultOfDraft(draft())).toBeNull();
    expect(faultOfDraft(draft({ everything: "-200" }))).toMatch(/percentage/);
    expect(faultOfDraft(draft({ lines: [shock("", "-5")] }))).toMatch(/without a symbol/);
    expect(faultOfDraft(draft({ lines: [shock("AAA", "x")] }))).toMatch(/percentage/);
    expect(faultOfDraft(draft({ everything: "-5", propagate: true }))).toMatch(/no room/);
    expect(scenarioOf(draft({ lines: [shock("AAA", "x")] }))).toBeNull();
  });

  test("that loses most stands first, and one without a figure last", () => {
    const result = (scenario: string, pnl: number | null) => ({ scenario, pnl, positions: [], reason: null });
    const sorted = byLoss([result("none", null), result("gain", 5), result("loss", -5)]);
    expect(sorted.map(({ scenario }) => scenario)).toEqual(["loss", "gain", "none"]);
  });
});
