import { fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isSum } from "../src/risk/sums.ts";
import { candidatesOf, faultOf, quantityOf } from "../src/risk/ticket.ts";
import { type State, withPortfolioIds, withRisk } from "../src/store/state.ts";
import { snapshot } from "./fixtures.ts";
import { showPage } from "./page.tsx";

const line = (symbol: string, quantity: string) => ({ id: symbol, symbol, quantity });

describe("a ticket", () => {
  test("reads a quantity as people write it, and nothing else", () => {
    const read = (text: string) => quantityOf(line("A", text));
    expect([" 1,200.5 ", "−3", "+.5", "1e3"].map(read)).toEqual([1200.5, -3, 0.5, 1000]);
    expect(["", "ten", "1 2", "0x10", "Infinity", "1e999", "--1"].map(read)).toEqual(Array(7).fill(null));
  });

  test("says what is wrong with a line, and nothing of one that is empty", () => {
    expect(faultOf(line("", ""))).toBeNull();
    expect(faultOf(line("A B", "1"))).toMatch(/no symbol/);
    expect(faultOf(line("A", ""))).toMatch(/no quantity/);
    expect(faultOf(line("A", "0"))).toMatch(/no trade/);
  });

  test("asks for all its lines or for none", () => {
    expect(candidatesOf([line("A", "1"), line("", "")])).toEqual([{ symbol: "A", quantity: 1 }]);
    expect(candidatesOf([line("A", "1"), line("B", "x")])).toBeNull();
    expect(candidatesOf([line("", "")])).toBeNull();
  });
});

const change = {
  confidence: 0.99,
  var_before: 1000,
  var_after: 900,
  incremental_var: -100,
  es_before: 1150,
  es_after: 1035,
  incremental_es: -115,
  reason: null,
};
const answer = {
  schema: 1,
  portfolio: "main",
  event_time: "2026-11-22T09:30:00Z",
  journal_offset: 42,
  base_currency: "USD",
  measures: [
    { ...change, method: "parametric" },
    { ...change, method: "historical", var_after: null, incremental_var: null, reason: "no price yet" },
  ],
  components: [
    {
      symbol: "AAA",
      quantity_before: 10,
      quantity_after: 5,
      component_var_before: 900,
      component_var_after: 450,
      component_es_before: 990,
      component_es_after: 500,
    },
  ],
  uncovered: [{ symbol: "ZZZ", reason: "no price yet" }],
};

const sent: { path: string; body: unknown }[] = [];
let reply: (path: string) => Response;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-22T09:30:00.100Z") });
  sent.length = 0;
  reply = () => Response.json(answer);
  vi.stubGlobal("fetch", (path: string, init?: RequestInit) => {
    if (init?.method === "POST") sent.push({ path, body: JSON.parse(String(init.body)) });
    return Promise.resolve(reply(path));
  });
});

afterEach(() => vi.useRealTimers());

async function openSheet() {
  const page = showPage("?view=positions");
  const ids = (state: State) => withPortfolioIds(state, ["main"]);
  await page.feed(page.open, ids, (state) => withRisk(state, snapshot(), performance.now()));
  fireEvent.click(screen.getByRole("button", { name: "What if" }));
  return page;
}

const type = (name: string, value: string) =>
  fireEvent.change(screen.getByLabelText(name), { target: { value } });
const sheet = () => screen.getByRole("region", { name: "What if" });

test("a desk and the firm are sums, in which nothing is booked", () => {
  expect(["firm", "desk:equities", "firm-2", "main"].map(isSum)).toEqual([true, true, false, false]);
});

describe("the sheet", () => {
  test("asks once the trade is whole, and shows before, after, change and what moves most", async () => {
    const { feed } = await openSheet();
    expect(window.location.search).toContain("sheet=what-if");
    type("Symbol 1", "AAA");
    await feed();
    expect(sent).toEqual([]);
    type("Quantity 1", "-5");
    await feed();
    expect(sent[0]).toEqual({
      path: "/api/v1/portfolios/main/what-if",
      body: { trades: [{ symbol: "AAA", quantity: -5 }] },
    });
    const rows = within(sheet())
      .getAllByRole("row")
      .map((row) => row.textContent);
    expect(rows).toContain("Parametric$1.000K$900.00−$100.00");
    expect(rows).toContain("Historical$1.000K–not available: no price yet–not available: no price yet");
    expect(rows).toContain("AAA5$450.00−$450.00");
    expect(sheet()).toHaveTextContent("ZZZ is left out of these figures: no price yet");
  });

  test("asks again while it stands, and says when it cannot", async () => {
    const { feed } = await openSheet();
    type("Symbol 1", "AAA");
    type("Quantity 1", "-5");
    await feed();
    const problem = { status: 503, headers: { "content-type": "application/problem+json" } };
    reply = () => new Response(JSON.stringify({ detail: "the engine did not answer within 2 s" }), problem);
    await vi.advanceTimersByTimeAsync(2500);
    await feed();
    expect(sent.length).toBeGreaterThan(1);
    expect(within(sheet()).getByRole("alert")).toHaveTextContent("the engine did not answer within 2 s");
    expect(sheet()).toHaveTextContent("$900.00");
  });

  test("books after a second word, under ids that stay the same until it is done", async () => {
    const { feed } = await openSheet();
    type("Symbol 1", "AAA");
    type("Quantity 1", "-5");
    await feed();
    const problem = { status: 503, headers: { "content-type": "application/problem+json" } };
    reply = (path) =>
      path.endsWith("/trades")
        ? new Response(JSON.stringify({ detail: "nothing was changed" }), problem)
        : Response.json(answer);
    const book = async () => {
      fireEvent.click(screen.getByRole("button", { name: /Book this trade/ }));
      expect(sheet()).toHaveTextContent("Book this trade in main?");
      fireEvent.click(screen.getByRole("button", { name: "Yes, book" }));
      await feed();
    };
    await book();
    expect(within(sheet()).getByRole("alert")).toHaveTextContent("nothing was changed");
    reply = () => Response.json(answer);
    await book();
    const booked = sent.filter(({ path }) => path.endsWith("/trades")).map(({ body }) => body);
    expect(booked[0]).toMatchObject({ trades: [{ portfolio: "main", symbol: "AAA", quantity: -5 }] });
    expect(booked[1]).toEqual(booked[0]);
    expect(screen.getByLabelText("Symbol 1")).toHaveValue("");
  });
});
