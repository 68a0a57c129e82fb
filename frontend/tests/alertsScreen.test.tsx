import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type State, withAlert, withPortfolioIds, withRisk } from "../src/store/state.ts";
import { alert, snapshot } from "./fixtures.ts";
import { showPage } from "./page.tsx";

const limit = {
  name: "var historical 0.99",
  rule: "var",
  method: "historical",
  confidence: 0.99,
  scenario: null,
  warning: 800,
  breach: 1000,
  for_s: 0,
  hysteresis: 0.05,
  value: 900,
  utilisation: 0.9,
  reason: null,
  state: "firing",
  level: "warning",
  since: "2026-11-22T09:30:00Z",
  alert: "a1",
  silenced: false,
};
const sent: { method: string; path: string; body: unknown }[] = [];
let refusal: string | null;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00.100Z") });
  sent.length = 0;
  refusal = null;
  vi.stubGlobal("fetch", async (path: string, init: RequestInit = {}) => {
    const method = init.method ?? "GET";
    sent.push({ method, path, body: init.body === undefined ? null : JSON.parse(String(init.body)) });
    if (method !== "GET" && refusal !== null)
      return new Response(JSON.stringify({ detail: refusal }), { status: 503 });
    return Response.json(path.endsWith("/limits") ? [limit] : {});
  });
});

afterEach(() => vi.useRealTimers());

const region = (name: string) => screen.getByRole("region", { name });
const type = (name: string, value: string) =>
  fireEvent.change(screen.getByLabelText(name), { target: { value } });

async function show() {
  const page = showPage("?view=alerts");
  const ids = (state: State) => withPortfolioIds(state, ["main"]);
  await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
  await page.feed();
  return page;
}

describe("limits", () => {
  test("stand with their figure, how much of it is used, and their levels", async () => {
    await show();
    expect(within(region("Limits")).getByRole("row", { name: /var historical/ })).toHaveTextContent(
      "var historical 0.99warning $900.0090%$800.00$1.000K",
    );
  });

  test("are stated all together when one is set, or taken away", async () => {
    const { feed } = await show();
    fireEvent.change(screen.getByLabelText("Rule"), { target: { value: "gross" } });
    type("Breach", "5000");
    fireEvent.click(screen.getByRole("button", { name: "Set" }));
    await feed();
    const put = sent.findLast(({ method }) => method === "PUT");
    expect(put?.path).toBe("/api/v1/portfolios/main/limits");
    expect(put?.body).toMatchObject({
      limits: [
        { rule: "var", warning: 800 },
        { rule: "gross", breach: 5000 },
      ],
    });
    fireEvent.click(screen.getByRole("button", { name: "Remove var historical 0.99" }));
    await feed();
    expect(sent.findLast(({ method }) => method === "PUT")?.body).toEqual({ limits: [] });
  });

  test("say what is wrong, and what the engine says", async () => {
    const { feed } = await show();
    type("Warning", "10");
    type("Breach", "5");
    expect(region("Limits")).toHaveTextContent("the warning comes before the breach");
    expect(screen.getByRole("button", { name: "Set" })).toBeDisabled();
    type("Breach", "50");
    refusal = "the engine did not take it within 2 s";
    fireEvent.click(screen.getByRole("button", { name: "Set" }));
    await feed();
    expect(within(region("Limits")).getByRole("alert")).toHaveTextContent("the engine did not take it");
  });
});

describe("alerts", () => {
  test("are listed the newest first, and only what still fires can be seen", async () => {
    const { feed } = await show();
    const say = (change: Parameters<typeof alert>[0]) => (state: State) => withAlert(state, alert(change));
    await feed(
      say({ id: "1" }),
      say({ id: "2", state: "resolved", event_time: "2026-11-22T09:31:00Z", value: 0.5 }),
      say({ id: "3", rule: "gross", method: null, confidence: null, event_time: "2026-11-22T09:32:00Z" }),
    );
    const rows = within(region("Alerts"))
      .getAllByRole("row")
      .map((row) => row.textContent);
    expect(rows[0]).toMatch(/breachmaingross: \$2\.00 against \$1\.00Seen$/);
    expect(rows[1]).toMatch(/resolvedmainvar Historical 99%: \$0\.50 against \$1\.00$/);
    expect(rows).toHaveLength(3);
    fireEvent.click(screen.getByRole("button", { name: "Seen" }));
    await feed();
    expect(sent.find(({ method }) => method === "POST")?.path).toBe("/api/v1/alerts/3/ack");
  });

  test("about the engine concern all portfolios, and are nothing to say seen to", async () => {
    const { feed } = await show();
    const silent = alert({ id: "silent", portfolio: "*", rule: "engine", method: null, confidence: null });
    await feed((state) => withAlert(state, silent));
    expect(within(region("Alerts")).getByRole("row", { name: /engine/ })).toHaveTextContent("allengine: 2");
    expect(within(region("Alerts")).queryByRole("button")).toBeNull();
  });

  test("of which there is none say so", async () => {
    await show();
    expect(region("Alerts")).toHaveTextContent("No alerts");
  });
});

describe("telling outside the page", () => {
  afterEach(() => window.localStorage.clear());

  test("is asked of the browser only when it is wanted, and remembered", async () => {
    const requestPermission = vi.fn(async () => "granted");
    vi.stubGlobal("Notification", { requestPermission });
    const { feed, unmount } = await show();
    expect(requestPermission).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole("switch", { name: "Notification" }));
    await feed();
    expect(screen.getByRole("switch", { name: "Notification" })).toBeChecked();
    unmount();
    await show();
    expect(screen.getByRole("switch", { name: "Notification" })).toBeChecked();
    expect(screen.getByRole("switch", { name: "Sound" })).not.toBeChecked();
    expect(requestPermission).toHaveBeenCalledTimes(1);
  });

  test("that the browser refuses stays off and says so", async () => {
    vi.stubGlobal("Notification", { requestPermission: async () => "denied" });
    const { feed } = await show();
    fireEvent.click(screen.getByRole("switch", { name: "Notification" }));
    await feed();
    expect(screen.getByRole("switch", { name: "Notification" })).not.toBeChecked();
    expect(region("Alerts")).toHaveTextContent("this browser does not allow it");
  });
});
