import { describe, expect, test } from "vitest";
import {
  initialState,
  portfolioOf,
  withHistory,
  withPhase,
  withPortfolioIds,
  withReason,
  withReset,
  withRisk,
  withStatus,
  withStepMs,
} from "../src/store/state.ts";
import { later, snapshot, status } from "./fixtures.ts";

const start = initialState(1000);

describe("snapshots", () => {
  test("a repeat and a straggler change nothing", () => {
    const state = withRisk(start, later(5), 100);
    expect(withRisk(state, later(5), 200)).toBe(state);
    expect(withRisk(state, later(4), 200)).toBe(state);
  });

  test("at one moment the later sequence number wins: a trade was booked", () => {
    const state = withRisk(start, snapshot(), 0);
    const booked = snapshot({ seq: 2, gross: 5 });
    expect(portfolioOf(withRisk(state, booked, 1), "main").snapshot).toBe(booked);
  });

  test("after a reset whatever comes next is the present, however old, and the series begins anew", () => {
    const before = withRisk(withRisk(start, later(50), 0), later(60), 1);
    const after = withRisk(withReset(before), later(1), 2);
    expect(portfolioOf(withReset(before), "main").snapshot).not.toBeNull();
    expect(portfolioOf(after, "main").snapshot).toEqual(later(1));
    expect(portfolioOf(after, "main").series.points).toHaveLength(1);
  });

  test("a portfolio that only the stream has named is offered too, behind those of the list", () => {
    const state = withPortfolioIds(withRisk(start, snapshot({ portfolio: "late" }), 0), ["a", "b"]);
    expect(state.portfolioIds).toEqual(["a", "b", "late"]);
  });

  test("a reason is forgotten once there are figures, and none is taken after that", () => {
    const waiting = withReason(start, "main", "warming up");
    expect(portfolioOf(waiting, "main").reason).toBe("warming up");
    const state = withRisk(waiting, snapshot(), 0);
    expect(portfolioOf(state, "main").reason).toBeNull();
    expect(withReason(state, "main", "gone")).toBe(state);
  });
});

test("history and live points share one series, whatever the step", () => {
  const live = withRisk(start, later(100), 0);
  const joined = withHistory(live, "main", [later(98), later(99), later(100)]);
  expect(portfolioOf(joined, "main").series.points).toHaveLength(3);
  expect(portfolioOf(withStepMs(joined, 2000), "main").series.points).toHaveLength(2);
});

describe("the connection", () => {
  test("is lost from the first failure until it is open again", () => {
    const waiting = { phase: "waiting", attempt: 1, retryAt: 1 } as const;
    const open = withPhase(start, { phase: "open" }, 10);
    const lost = withPhase(open, waiting, 20);
    const trying = withPhase(withPhase(lost, { phase: "connecting" }, 30), waiting, 40);
    expect(open.connection.lostAt).toBeNull();
    expect(trying.connection.lostAt).toBe(20);
    expect(withPhase(trying, { phase: "open" }, 50).connection.lostAt).toBeNull();
  });

  test("the server's clock is learnt from its status", () => {
    const told = status({ server_time: "2026-11-22T09:30:05Z" });
    const state = withStatus(start, told, Date.parse("2026-11-22T09:30:00Z"));
    expect(state.clockOffsetMs).toBe(5000);
  });
});
