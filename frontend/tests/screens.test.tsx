import { act, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RiskSnapshot } from "../src/client/types.ts";
import {
  type State,
  withAlert,
  withPortfolioIds,
  withReason,
  withRisk,
  withStatus,
} from "../src/store/state.ts";
import { alert, position, snapshot, status } from "./fixtures.ts";
import { showPage } from "./page.tsx";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  vi.setSystemTime(new Date("2026-11-22T09:30:00.010Z"));
});

afterEach(() => vi.useRealTimers());

const ids = (state: State) => withPortfolioIds(state, ["main"]);
const risk = (value: RiskSnapshot) => (state: State) => withRisk(state, value, performance.now());
const region = (name: string) => screen.getByRole("region", { name });

describe("screens", () => {
  test("are links that stand in the address, and Back goes back", async () => {
    const { feed, open } = showPage("?confidence=0.95");
    await feed(open, ids, risk(snapshot()));
    const link = screen.getByRole("link", { name: "Health" });
    expect(link).toHaveAttribute("href", "/?view=health&portfolio=main&confidence=0.95");
    fireEvent.click(link);
    expect(window.location.search).toBe("?view=health&confidence=0.95");
    expect(screen.getByRole("link", { name: "Health" })).toHaveAttribute("aria-current", "page");
    expect(screen.queryByRole("region", { name: "VaR over time" })).toBeNull();
    window.history.back();
    await vi.waitFor(() => expect(region("VaR over time")).toBeVisible());
  });

  test("open from an address alone", async () => {
    const { feed, open } = showPage("?view=positions");
    await feed(open, ids, risk(snapshot()));
    expect(region("Positions")).toBeVisible();
    expect(screen.queryByRole("region", { name: "VaR over time" })).toBeNull();
  });

  test("one that does not exist is the overview", async () => {
    const { feed, open } = showPage("?view=nonsense");
    await feed(open, ids, risk(snapshot()));
    expect(region("VaR over time")).toBeVisible();
  });
});

describe("positions", () => {
  const shown = () => screen.getAllByRole("rowheader").map((cell) => cell.textContent);

  test("of five thousand only those in sight are drawn, and the table says how many there are", async () => {
    const { feed, open } = showPage("?view=positions");
    const many = Array.from({ length: 5000 }, (_, i) => position(`S${String(i).padStart(4, "0")}`, 5000 - i));
    await feed(open, ids, risk(snapshot({ positions: many })));
    expect(shown().length).toBeLessThan(60);
    expect(shown()[0]).toBe("S0000");
    expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "5001");
  });

  test("are all on paper", async () => {
    const { feed, open } = showPage("?view=positions");
    const many = Array.from({ length: 200 }, (_, i) => position(`S${i}`, 200 - i));
    await feed(open, ids, risk(snapshot({ positions: many })));
    expect(shown().length).toBeLessThan(60);
    await act(async () => window.dispatchEvent(new Event("beforeprint")));
    expect(shown()).toHaveLength(200);
    await act(async () => window.dispatchEvent(new Event("afterprint")));
    expect(shown().length).toBeLessThan(60);
  });

  test("are found by part of a symbol", async () => {
    const { feed, open } = showPage("?view=positions");
    await feed(open, ids, risk(snapshot()));
    fireEvent.change(screen.getByRole("searchbox", { name: "Find a symbol" }), { target: { value: "bb" } });
    expect(shown()).toEqual(["BBB"]);
    fireEvent.change(screen.getByRole("searchbox", { name: "Find a symbol" }), { target: { value: "none" } });
    expect(screen.getByText("No position is like this.")).toBeVisible();
  });

  test("stand in groups that sum, open and close, and are in the address", async () => {
    const { feed, open } = showPage("?view=positions&group=side");
    const short = { ...position("ZZZ", 100), quantity: -5 };
    await feed(open, ids, risk(snapshot({ positions: [position("AAA", 600), position("BBB", 300), short] })));
    expect(shown()).toEqual(["▾ long 2", "AAA", "BBB", "▾ short 1", "ZZZ"]);
    expect(screen.getByRole("row", { name: /long 2/ })).toHaveTextContent("▾ long 22,000200259001,03590.0%");
    fireEvent.click(screen.getByRole("button", { name: /long/ }));
    expect(shown()).toEqual(["▸ long 2", "▾ short 1", "ZZZ"]);
    fireEvent.change(screen.getByLabelText("Groups"), { target: { value: "currency" } });
    await feed();
    expect(window.location.search).toContain("group=currency");
    expect(shown()).toEqual(["▾ USD 3", "AAA", "BBB", "ZZZ"]);
  });

  test("show the columns that are chosen", async () => {
    const { feed, open } = showPage("?view=positions&columns=price,unrealised_pnl");
    await feed(open, ids, risk(snapshot()));
    const heads = () => screen.getAllByRole("columnheader").map((head) => head.textContent);
    expect(heads()).toEqual(["Symbol", "Price", "Unrealised"]);
    expect(screen.getByRole("row", { name: /AAA/ })).toHaveTextContent("AAA100.00100");
    fireEvent.click(screen.getByRole("button", { name: "Columns" }));
    await feed();
    fireEvent.click(screen.getByRole("checkbox", { name: "Share" }));
    await feed();
    expect(heads()).toEqual(["Symbol", "Price", "Unrealised", "Share"]);
    expect(window.location.search).toContain("columns=price%2Cunrealised_pnl%2Cshare");
  });

  test("say which way a price went, and for how long it has stood", async () => {
    const { feed, open } = showPage("?view=positions");
    const at = (second: number, price: number) =>
      snapshot({
        seq: second,
        event_time: `2026-11-22T09:30:0${second}Z`,
        positions: [{ ...position("AAA", 900), price }],
      });
    await feed(open, ids, risk(at(1, 100)), risk(at(2, 99)));
    expect(within(screen.getAllByRole("row")[1] as HTMLElement).getByText("down")).toBeInTheDocument();
    await feed(risk(at(3, 101)));
    expect(within(screen.getAllByRole("row")[1] as HTMLElement).getByText("up")).toBeInTheDocument();
  });
});

describe("portfolios", () => {
  const row = (name: string) => within(region("Portfolios")).getByRole("row", { name: new RegExp(name) });

  test("stand beside each other with figures, trend and alerts, and lead to their overview", async () => {
    const { feed, open } = showPage("?view=portfolios");
    const second = snapshot({ seq: 2, event_time: "2026-11-22T09:30:05Z" });
    await feed(
      open,
      ids,
      risk(snapshot()),
      risk(second),
      risk(snapshot({ portfolio: "other", gross: null })),
    );
    await feed((state) => withAlert(state, alert()));
    expect(row("main")).toHaveTextContent("1 breach $1.000K $1.100K±$16.2 $1.010K$120.0K−$250.50");
    expect(within(row("main")).getByRole("img", { name: "main over time" })).toBeVisible();
    expect(row("other")).toHaveTextContent(/none.*–/);
    fireEvent.click(screen.getByRole("button", { name: "other" }));
    expect(window.location.search).toBe("?portfolio=other");
    expect(region("VaR over time")).toBeVisible();
  });

  test("without figures say why", async () => {
    const { feed, open } = showPage("?view=portfolios");
    await feed(open, ids, (state) => withReason(state, "main", "before the first snapshot"));
    expect(row("main")).toHaveTextContent("not available: before the first snapshot");
  });
});

describe("a recording", () => {
  let replay = { schema: 1, state: "running", fraction: 0.25, ticks: 1200, speed: "10x", paused: false };
  const sent: unknown[] = [];

  beforeEach(() => {
    sent.length = 0;
    vi.stubGlobal("fetch", async (path: string, init: RequestInit = {}) => {
      if (path !== "/api/v1/replay") return Response.json({});
      if (init.method === "POST") {
        sent.push(JSON.parse(String(init.body)));
        replay = { ...replay, state: "paused", paused: true };
      }
      return Response.json({ ...replay, run: "replay-1", event_time: "2024-08-08T10:00:00Z" });
    });
  });

  async function show(run: string) {
    const page = showPage("?view=health");
    await page.feed(page.open, ids, risk(snapshot()), (state) =>
      withStatus(state, status({ run }), Date.now()),
    );
    await page.feed();
    return page;
  }

  test("tells how far it is, and can be paused and hurried", async () => {
    const { feed } = await show("replay-1f0c");
    expect(region("Replay")).toHaveTextContent(/running.*25.0%1,200 ticksAug 8, 2024/);
    fireEvent.click(screen.getByRole("button", { name: "Pause" }));
    await feed();
    expect(region("Replay")).toHaveTextContent("paused");
    fireEvent.click(screen.getByRole("radio", { name: "max" }));
    fireEvent.click(screen.getByRole("button", { name: "Go on" }));
    expect(sent).toEqual([{ paused: true }, { speed: "max" }, { paused: false }]);
  });

  test("is no business of a live feed", async () => {
    await show("live-2026");
    expect(screen.queryByRole("region", { name: "Replay" })).toBeNull();
  });
});

describe("health", () => {
  test("names each part and feed with its state, age and reason", async () => {
    const { feed, open } = showPage("?view=health");
    const told = status({
      clients: 3,
      undelivered: 2,
      parts: [
        { name: "engine", state: "ok", reason: null, age_s: 0.4 },
        { name: "archive", state: "down", reason: "no heartbeat for 9 s", age_s: 9 },
      ],
      feeds: [
        {
          name: "binance",
          state: "reconnecting",
          reason: "refused: 503",
          age_s: 4,
          frames: 1200,
          rate: 12.5,
          reconnects: 3,
          missing: 7,
          lag_ms: 41.6,
        },
      ],
    });
    await feed(open, ids, risk(snapshot()), (state) => withStatus(state, told, Date.now()));
    expect(region("Parts")).toHaveTextContent("3 open streams; 2 alerts that nobody was given");
    expect(within(region("Parts")).getByRole("row", { name: /archive/ })).toHaveTextContent(
      "archivedown9.0 s agono heartbeat for 9 s",
    );
    expect(region("Feeds")).toHaveTextContent("0 of 1 connected");
    expect(within(region("Feeds")).getByRole("row", { name: /binance/ })).toHaveTextContent(
      "binancereconnecting4.0 s ago12.51,20042 ms73refused: 503",
    );
  });

  test("the ledger says where every tick went, and whether it adds up", async () => {
    const { feed, open } = showPage("?view=health");
    const ledger = { received: 100, accepted: 90, duplicate: 4, late: 1, missing: 2, rejected: { price: 5 } };
    await feed(open, ids, risk(snapshot()), (state) => withStatus(state, status({ ledger }), Date.now()));
    expect(region("Ledger")).toHaveTextContent("adds up: every tick has one fate");
    expect(within(region("Ledger")).getByRole("row", { name: /rejected: price/ })).toHaveTextContent(
      "55.00%",
    );
    expect(within(region("Ledger")).getByRole("row", { name: /never came/ })).toHaveTextContent("2");
    const many = { ...ledger, received: 100_010, accepted: 100_000 };
    await feed((state) => withStatus(state, status({ ledger: many }), Date.now()));
    expect(within(region("Ledger")).getByRole("row", { name: /duplicate/ })).toHaveTextContent("4<0.01%");
    const broken = { ...ledger, accepted: 89 };
    await feed((state) => withStatus(state, status({ ledger: broken }), Date.now()));
    expect(region("Ledger")).toHaveTextContent("1 tick does not add up");
  });

  test("before the server has spoken the panels say so", async () => {
    const { feed, open } = showPage("?view=health");
    await feed(open, ids, risk(snapshot()));
    expect(region("Parts")).toHaveTextContent("Waiting for the server's word");
    expect(region("Ledger")).toHaveTextContent("No ledger yet");
  });
});
