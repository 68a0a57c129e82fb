import { describe, expect, test } from "vitest";
import { standing, worstOf } from "../src/risk/alerts.ts";
import { alert } from "./fixtures.ts";

const at = (minute: number) => ({ id: String(minute), event_time: `2026-11-22T09:3${minute}:00Z` });

describe("alerts that stand", () => {
  test("are the last word on each limit, in whatever order they came", () => {
    const said = [
      alert({ ...at(3), state: "resolved" }),
      alert({ ...at(1) }),
      alert({ ...at(2), confidence: 0.95, level: "warning" }),
    ];
    expect(standing(said)).toEqual([said[2]]);
  });

  test("stand still when somebody has seen them", () => {
    expect(standing([alert(at(1)), alert({ ...at(2), state: "acknowledged" })])).toHaveLength(1);
  });

  test("tell the gravest level of a portfolio and how many limits stand at it", () => {
    const said = [
      alert({ ...at(1), level: "warning" }),
      alert({ ...at(2), rule: "gross" }),
      alert({ ...at(3), rule: "es" }),
      alert({ ...at(4), portfolio: "other", level: "warning" }),
    ];
    expect(worstOf(said, "main")).toEqual({ level: "breach", count: 2 });
    expect(worstOf(said, "other")).toEqual({ level: "warning", count: 1 });
    expect(worstOf(said, "third")).toBeNull();
  });
});
