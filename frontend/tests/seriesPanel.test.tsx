/** The series: its parts, its limits, its alerts. */
import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type State, withAlert, withPortfolioIds, withRisk } from "../src/store/state.ts";
import { alert, later } from "./fixtures.ts";
import { showPage } from "./page.tsx";

const limit = (change: object) => ({
  name: "var historical 0.99",
  rule: "var",
  method: "historical",
  confidence: 0.99,
  warning: 1200,
  breach: 90_000,
  ...change,
});
const asked: string[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00.100Z") });
  asked.length = 0;
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    if (path.endsWith("/limits")) return Response.json([limit({})]);
    return path.includes("/history") ? Response.json({ points: [later(25), later(28)] }) : Response.json({});
  });
});

afterEach(() => vi.useRealTimers());

const ids = (state: State) => withPortfolioIds(state, ["main"]);
const at = (seconds: number) => (state: State) => withRisk(state, later(seconds), performance.now());
const region = () => screen.getByRole("region", { name: "VaR over time" });

async function show(search = "") {
  const page = showPage(search);
  await page.feed(page.open, ids, at(0), at(30), at(60));
  await page.feed();
  return page;
}

test("limits in sight are lines, those far above are named", async () => {
  const { container } = await show();
  await vi.waitFor(() => expect(container.querySelectorAll(".recharts-reference-line")).toHaveLength(1 + 2));
  expect(region()).toHaveTextContent("Historical warning");
  expect(region()).toHaveTextContent("↑ Historical breach $90.00K");
});

test("alerts of the book stand where they were told, in words too", async () => {
  const { feed } = await show();
  const event_time = "2026-11-22T09:30:40Z";
  await feed(
    (state) => withAlert(state, alert({ event_time })),
    (state) => withAlert(state, alert({ id: "2", portfolio: "other", event_time })),
  );
  const told = within(screen.getByRole("list", { name: "Alerts in the series" })).getAllByRole("listitem");
  expect(told.map((item) => item.textContent)).toEqual([
    expect.stringMatching(/:30:40 breach: var Historical 99%: \$2\.00 against \$1\.00/),
  ]);
});

test("a part that is dragged over is looked at, with its own history, until all is wanted again", async () => {
  const { feed, container } = await show();
  const plot = container.querySelector(".recharts-wrapper")?.parentElement as HTMLElement;
  plot.setPointerCapture = vi.fn();
  fireEvent.pointerDown(plot, { button: 0, clientX: 200 });
  fireEvent.pointerMove(plot, { clientX: 400 });
  fireEvent.pointerUp(plot, { clientX: 400 });
  await feed();
  expect(window.location.search).toBe("?from=2026-11-22T09%3A30%3A15.000Z&to=2026-11-22T09%3A30%3A33.000Z");
  const history = asked.filter((path) => path.includes("/history")).at(-1);
  expect(history).toContain("resolution=1s");
  expect(history).toContain("end=2026-11-22T09%3A30%3A33");
  fireEvent.click(screen.getByRole("button", { name: "Show all of the range again" }));
  await feed();
  expect(window.location.search).toBe("");
});

test("a press that does not move selects nothing", async () => {
  const { container } = await show();
  const plot = container.querySelector(".recharts-wrapper")?.parentElement as HTMLElement;
  fireEvent.pointerDown(plot, { button: 0, clientX: 200 });
  fireEvent.pointerUp(plot, { clientX: 202 });
  expect(window.location.search).toBe("");
});

test("keys come closer, move, and show all again", async () => {
  const { container, feed } = await show();
  const chart = () => container.querySelector("svg.recharts-surface") as SVGElement;
  fireEvent.keyDown(chart(), { key: "+" });
  await feed();
  const closer = window.location.search;
  expect(closer).toContain("from=2026-11-22T09%3A30%3A12.000Z&to=2026-11-22T09%3A30%3A48.000Z");
  fireEvent.keyDown(chart(), { key: "ArrowLeft", shiftKey: true });
  await feed();
  expect(window.location.search).toContain("from=2026-11-22T09%3A30%3A03.000Z");
  fireEvent.keyDown(chart(), { key: "Escape" });
  expect(window.location.search).toBe("");
});

test("what the book is worth, and its P&L, are curves too, without the limits of risk", async () => {
  await show("?metric=pnl");
  const panel = screen.getByRole("region", { name: "P&L today over time" });
  await vi.waitFor(() => expect(panel.querySelectorAll(".recharts-line")).toHaveLength(1));
  expect(panel).not.toHaveTextContent("Historical");
  expect(panel.querySelectorAll(".recharts-reference-line")).toHaveLength(0);
  fireEvent.click(within(panel).getByRole("radio", { name: "Value" }));
  expect(screen.getByRole("region", { name: "Market value over time" })).toBeInTheDocument();
  expect(window.location.search).toContain("metric=value");
});
