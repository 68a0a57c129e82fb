import { describe, expect, test } from "vitest";
import { COLUMNS, readColumns, toggled } from "../src/risk/columns.ts";
import { arranged, type Entry, entriesOf, type Grouping } from "../src/risk/groups.ts";
import { type Row, rowsOf } from "../src/risk/rows.ts";
import { position, snapshot } from "./fixtures.ts";

const BOOK = rowsOf(
  snapshot({
    positions: [
      { ...position("binance:spot:BTC-USDT", 100), currency: "USDT" },
      { ...position("BTC-PERP", 50), quantity: -3, unrealised_pnl: -40 },
      position("AAA", 400),
      { ...position("BBB", null), unrealised_pnl: null },
    ],
  }),
);
const BY_VAR = { column: "component_var", descending: true } as const;
const shown = (entries: Entry[]) =>
  entries.map((entry) => (entry.kind === "group" ? `${entry.name} (${entry.members})` : entry.row.symbol));
const table = (by: Grouping, closed: string[] = [], order: Parameters<typeof arranged>[2] = BY_VAR) =>
  entriesOf(arranged(BOOK, by, order), by, new Set(closed));

describe("groups", () => {
  test("are of what positions have in common, those with the most first", () => {
    expect(shown(table("underlying"))).toEqual([
      "AAA (1)",
      "AAA",
      "BTC (2)",
      "binance:spot:BTC-USDT",
      "BTC-PERP",
      "BBB (1)",
      "BBB",
    ]);
    expect(shown(table("venue", ["no venue named", "binance:spot"]))).toEqual([
      "no venue named (3)",
      "binance:spot (1)",
    ]);
    expect(shown(table("side", ["long", "short"]))).toEqual(["long (3)", "short (1)"]);
  });

  test("sum what can be summed, and P&L in one currency only", () => {
    const [usd, usdt] = table("currency", ["USD", "USDT"]);
    expect(usd).toMatchObject({
      name: "USD",
      currency: "USD",
      sums: { component_var: 450, unrealised_pnl: 60 },
    });
    expect(usdt).toMatchObject({ sums: { component_var: 100, unrealised_pnl: 100 } });
    const btc = table("underlying").find((entry) => entry.kind === "group" && entry.name === "BTC");
    expect(btc).toMatchObject({ currency: null, sums: { component_var: 150, unrealised_pnl: null } });
  });

  test("hold every row once, in any order, and none when closed", () => {
    for (const column of ["symbol", "quantity", "currency", ...COLUMNS] as const) {
      const rows = table("currency", [], { column, descending: false });
      expect(
        shown(rows)
          .filter((name) => !name.includes("("))
          .sort(),
      ).toEqual(BOOK.map(({ symbol }: Row) => symbol).sort());
    }
    expect(shown(table("currency", ["USD"]))).toEqual(["USD (3)", "USDT (1)", "binance:spot:BTC-USDT"]);
  });

  test("are not made where none are wanted", () => {
    expect(shown(table("none"))).toEqual(["AAA", "binance:spot:BTC-USDT", "BTC-PERP", "BBB"]);
  });
});

describe("columns", () => {
  test("are read from an address in their usual order, and what is none of them is nothing", () => {
    expect(readColumns("share,price,<b>")).toEqual(["price", "share"]);
    expect(readColumns("symbol")).toBeNull();
    expect(readColumns(null)).toBeNull();
  });

  test("come and go, and one always stays", () => {
    expect(toggled(["price"], "quantity")).toEqual(["quantity", "price"]);
    expect(toggled(["quantity", "price"], "price")).toEqual(["quantity"]);
    expect(toggled(["price"], "price")).toEqual(["price"]);
  });
});
