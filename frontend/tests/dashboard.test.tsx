import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Alert, RiskSnapshot } from "../src/client/types.ts";
import {
  type State,
  withAlert,
  withGarbage,
  withListError,
  withPhase,
  withPortfolioIds,
  withReason,
  withRisk,
  withSignedOut,
  withStatus,
} from "../src/store/state.ts";
import { alert, later, measure, position, snapshot, status } from "./fixtures.ts";
import { showPage } from "./page.tsx";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00.100Z") });
  window.localStorage.clear();
});

afterEach(() => vi.useRealTimers());

const ids = (state: State) => withPortfolioIds(state, ["main", "other"]);
const risk = (value: RiskSnapshot) => (state: State) => withRisk(state, value, performance.now());
const lose = (state: State) =>
  withPhase(state, { phase: "waiting", attempt: 1, retryAt: performance.now() + 4000 }, performance.now());
const figure = (name: string) => screen.getByRole("group", { name });
const region = (name: string) => screen.getByRole("region", { name });

describe("before there is anything", () => {
  test("the page waits, then says why it still does, and takes a hint", async () => {
    const { feed, session } = showPage();
    expect(screen.getByLabelText("Loading")).toBeVisible();
    await feed((state) => withListError(state, "the server answered 502"));
    expect(screen.getByRole("alert")).toHaveTextContent("the server answered 502");
    fireEvent.click(screen.getByRole("button", { name: "Try now" }));
    expect(session.retryNow).toHaveBeenCalled();
  });

  test("a server that asks for a token gets one, and says so of one that is not good", async () => {
    const sent: unknown[] = [];
    let status = 401;
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
      sent.push([path, JSON.parse(String(init.body))]);
      return new Response(JSON.stringify({ detail: "this token is not good" }), { status });
    });
    const { feed, session } = showPage();
    await feed(withSignedOut);
    const enter = async () => {
      fireEvent.change(screen.getByLabelText("Access token"), { target: { value: " tw_x " } });
      fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
      await feed();
    };
    await enter();
    expect(screen.getByText("this token is not good")).toBeVisible();
    expect(session.retryNow).not.toHaveBeenCalled();
    status = 200;
    await enter();
    expect(sent[1]).toEqual(["/api/v1/session", { token: "tw_x" }]);
    expect(session.retryNow).toHaveBeenCalled();
  });

  test("no portfolio is a state of its own", async () => {
    const { feed } = showPage();
    await feed((state) => withPortfolioIds(state, []));
    expect(screen.getByText(/There is no portfolio yet/)).toBeVisible();
  });

  test("a portfolio without a snapshot shows where its figures will stand", async () => {
    const { feed, open } = showPage();
    await feed(open, ids);
    expect(figure("Parametric VaR 99%")).toHaveAttribute("aria-busy", "true");
    expect(screen.getByTestId("connection")).toHaveTextContent("Connecting");
  });
});

describe("figures", () => {
  test("stand in tiles by method, with standard error, share and change", async () => {
    const { feed, open } = showPage();
    await feed(
      open,
      ids,
      risk(snapshot()),
      risk(later(10, { measures: [measure("parametric", 0.99, 1100)] })),
    );
    const tile = figure("Parametric VaR 99%");
    expect(within(tile).getByTestId("var-parametric")).toHaveTextContent("$1.100K");
    expect(within(tile).getByTestId("var-parametric")).toHaveAttribute("data-value", "1100");
    expect(tile).toHaveTextContent("0.92% of gross");
    expect(tile).toHaveTextContent("up 10.0%");
    expect(tile).toHaveTextContent("in 10 s");
  });

  test("tell their change since the first figures of the day", async () => {
    const opening = { event_time: "2026-11-22T00:00:12Z", measures: [measure("parametric", 0.99, 800)] };
    const warming = { event_time: "2026-11-22T00:00:02Z", measures: [measure("parametric", 0.99, null)] };
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (path: string) => {
      asked.push(path);
      const bounds = { begins: "2026-11-20T08:00:00Z", day_began: "2026-11-22T00:00:00Z" };
      return Response.json({ ...bounds, points: path.includes("30s") ? [warming, opening] : [] });
    });
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot()), risk(later(10)));
    await feed();
    expect(figure("Parametric VaR 99%")).toHaveTextContent(/up 25.0%.*since \d\d:00/);
    expect(asked.find((path) => path.includes("30s"))).toContain("start=2026-11-22T00%3A00%3A00.000Z");
  });

  test("move when the stream moves", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot()));
    expect(figure("Monte Carlo VaR 99%")).toHaveTextContent("VaR ±$16.2$1.010K");
    await feed(risk(later(1, { measures: [measure("monte_carlo", 0.99, 1234)] })));
    expect(figure("Monte Carlo VaR 99%")).toHaveTextContent("$1.234K");
  });

  test("follow the confidence, which stands in the address", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot()));
    fireEvent.click(screen.getByRole("radio", { name: "95%" }));
    await feed();
    expect(figure("Parametric VaR 95%")).toHaveTextContent("$700.00");
    expect(window.location.search).toBe("?confidence=0.95");
    expect(region("VaR by position")).toHaveTextContent("Parametric VaR 95%");
  });

  test("the address chooses the portfolio and the view", async () => {
    const { feed, open, session } = showPage("?portfolio=other&metric=es&range=1h");
    await feed(open, ids, risk(snapshot()), risk(snapshot({ portfolio: "other", gross: 1 })));
    expect(session.look).toHaveBeenLastCalledWith("other", 3_600_000);
    expect(region("ES over time")).toBeVisible();
  });

  test("a null is a dash that tells its reason", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot({ measures: [measure("parametric", 0.99, null)], pnl_today: null })));
    expect(figure("Parametric VaR 99%")).toHaveTextContent("–not available: warming up: 12 of 30 bars");
    expect(figure("P&L today")).toHaveTextContent("–");
    expect(screen.getByRole("status")).toHaveTextContent("12 of 30 bars");
    expect(screen.getByRole("progressbar")).toBeInTheDocument();
  });

  test("nothing on the page is NaN, Infinity, undefined or null, however little the snapshot says", async () => {
    const { feed, open, container } = showPage();
    const bare = { market_value: null, gross: null, net: null, pnl_today: null, distribution: null };
    await feed(
      open,
      ids,
      risk(snapshot({ ...bare, measures: [], positions: [{ ...position("A", null), price: null }] })),
    );
    expect(container.textContent).not.toMatch(/NaN|Infinity|undefined|null|\[object/);
  });
});

describe("trust", () => {
  test("live figures say how old they are", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot()));
    expect(screen.getByTestId("connection")).toHaveTextContent("Live");
    expect(screen.getByTestId("age")).toHaveTextContent(/^0\.\d s$/);
  });

  test("figures that stop coming are stale, greyed, and the part that is down is named", async () => {
    const { feed, open, container } = showPage();
    const older = { seq: 0, event_time: "2026-11-22T09:29:59.900Z" };
    const parts = [{ name: "engine", state: "down" as const, reason: "no heartbeat", age_s: 12 }];
    await feed(open, ids, risk(snapshot(older)), risk(snapshot()), (state) =>
      withStatus(state, status({ parts }), Date.now()),
    );
    await vi.advanceTimersByTimeAsync(12_000);
    await feed();
    expect(screen.getByTestId("connection")).toHaveTextContent("Stale");
    expect(screen.getByRole("alert")).toHaveTextContent(/No new figures.*engine down: no heartbeat/);
    expect(container.querySelector('[data-trust="old"]')).not.toBeNull();
  });

  test("a lost line keeps the figures, says so, and recovers by itself", async () => {
    const { feed, open, session } = showPage();
    await feed(open, ids, risk(snapshot()), lose);
    await vi.advanceTimersByTimeAsync(2000);
    await feed();
    expect(screen.getByTestId("connection")).toHaveTextContent("Reconnecting");
    expect(screen.getByRole("alert")).toHaveTextContent(/No connection to the server.*Next attempt in \d s/);
    expect(figure("Parametric VaR 99%")).toHaveTextContent("$1.000K");
    fireEvent.click(screen.getByRole("button", { name: "Try now" }));
    expect(session.retryNow).toHaveBeenCalled();
    await feed(open);
    expect(screen.getByTestId("connection")).toHaveTextContent("Live");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  test("a portfolio that the server refuses figures for shows the reason", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, (state) => withReason(state, "main", "before the first snapshot"));
    expect(screen.getByTestId("connection")).toHaveTextContent("Warming up");
    expect(region("Positions")).toHaveTextContent("before the first snapshot");
  });

  test("garbage is counted, not shown", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot()), withGarbage);
    await vi.advanceTimersByTimeAsync(1500);
    await feed();
    expect(region("Data quality")).toHaveTextContent("unreadable events 1");
  });

  test("a broken limit stands in the header until it is over, and one that is silenced does not", async () => {
    const { feed, open } = showPage();
    const say = (change: Partial<Alert>) => (state: State) => withAlert(state, alert(change));
    await feed(
      open,
      ids,
      risk(snapshot()),
      say({ id: "1" }),
      say({ id: "2", rule: "gross", silenced: true }),
    );
    expect(screen.getByText("1 limit breach")).toBeVisible();
    await feed(say({ id: "3", state: "resolved", event_time: "2026-11-22T09:31:00Z" }));
    expect(screen.queryByText("1 limit breach")).toBeNull();
  });
});

describe("positions", () => {
  const rows = () => screen.getAllByRole("rowheader").map((cell) => cell.textContent);

  test("are sorted by component VaR, and by any other column on demand", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot()));
    expect(rows()).toEqual(["AAA", "BBB", "CCC"]);
    fireEvent.click(screen.getByRole("button", { name: /^Symbol/ }));
    fireEvent.click(screen.getByRole("button", { name: /^Symbol/ }));
    expect(rows()).toEqual(["CCC", "BBB", "AAA"]);
    expect(screen.getByRole("columnheader", { name: /^Symbol/ })).toHaveAttribute("aria-sort", "descending");
  });

  test("are marked where they are stale or left out", async () => {
    const { feed, open } = showPage();
    const quality = {
      ...snapshot().quality,
      stale: ["BBB"],
      uncovered: [{ symbol: "ZZZ", reason: "no price yet" }],
    };
    await feed(open, ids, risk(snapshot({ quality })));
    expect(rows()).toEqual(["AAA", "BBBstale", "CCC", "ZZZuncovered"]);
    expect(screen.getByText("uncovered")).toHaveAttribute(
      "data-tip",
      "Left out of all figures: no price yet",
    );
  });

  test("a symbol with markup is text", async () => {
    const { feed, open, container } = showPage();
    await feed(open, ids, risk(snapshot({ positions: [position("<img src=x onerror=alert(1)>", 1000)] })));
    expect(container.querySelector("img")).toBeNull();
    expect(rows()).toEqual(["<img src=x onerror=alert(1)>"]);
  });

  test("an empty book says so", async () => {
    const { feed, open } = showPage();
    const nothing = { positions: [], distribution: null, measures: [measure("parametric", 0.99, 0)] };
    await feed(open, ids, risk(snapshot(nothing)));
    expect(region("Positions")).toHaveTextContent("No positions");
    expect(figure("Parametric VaR 99%")).toHaveTextContent("$0");
  });

  test("the waterfall can be read without seeing it, and adds up", async () => {
    const { feed, open } = showPage();
    await feed(open, ids, risk(snapshot()));
    const items = within(screen.getByRole("list", { name: "VaR by position" })).getAllByRole("listitem");
    expect(items.map((item) => item.textContent)).toEqual([
      "AAA: $900.00, 90.0%",
      "BBB: $300.00, 30.0%",
      "CCC: −$200.00, −20.0%",
      "Total: $1.000K, 100.0%",
    ]);
  });
});

test("charts draw curves and bars of what the stream says", async () => {
  const { feed, open, container } = showPage();
  await feed(open, ids, risk(snapshot()), risk(later(1)), risk(later(2)));
  await vi.waitFor(() => {
    expect(container.querySelectorAll(".recharts-line-curve")).toHaveLength(4);
    expect(container.querySelectorAll(".recharts-area-area")).toHaveLength(2);
    expect(container.querySelectorAll(".recharts-bar-rectangle")).toHaveLength(4);
  });
});

test("the colour scheme is remembered", async () => {
  const { feed, open } = showPage();
  await feed(open, ids, risk(snapshot()));
  fireEvent.click(screen.getByRole("button", { name: "Dark colours" }));
  expect(window.localStorage.getItem("tailwatch-scheme")).toBe("dark");
  expect(document.documentElement).toHaveAttribute("data-mantine-color-scheme", "dark");
});
