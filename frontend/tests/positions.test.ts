import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvOf } from "../src/risk/csv.ts";
import { EVERYTHING, filtered } from "../src/risk/filter.ts";
import { rowsOf } from "../src/risk/rows.ts";
import { movesOf } from "../src/store/moves.ts";
import { position, snapshot } from "./fixtures.ts";

describe("moves of prices", () => {
  const priced = (price: number | null) =>
    snapshot({ positions: [{ ...position("AAA", 1), price }, position("BBB", 1)] });

  test("tell the way and the moment, and stay until the price moves again", () => {
    const up = movesOf({}, priced(100), priced(101), 5);
    expect(up).toEqual({ AAA: { up: true, seenAt: 5 } });
    expect(movesOf(up, priced(101), priced(101), 6)).toBe(up);
    expect(movesOf(up, priced(101), priced(100.5), 7)).toEqual({ AAA: { up: false, seenAt: 7 } });
  });

  test("are not told of a first price, nor of one that is gone", () => {
    expect(movesOf({}, null, priced(101), 5)).toEqual({});
    expect(movesOf({}, priced(null), priced(101), 5)).toEqual({});
    expect(movesOf({}, priced(101), priced(null), 5)).toEqual({});
  });
});

describe("a filter", () => {
  const rows = rowsOf(
    snapshot({
      positions: [position("btc-usd", 1), { ...position("ETH-USD", 1), quantity: -2 }, position("OLD", 1)],
      quality: {
        ...snapshot().quality,
        stale: ["OLD"],
        uncovered: [{ symbol: "NEW", reason: "no price yet" }],
      },
    }),
  );
  const symbols = (filter: Parameters<typeof filtered>[1]) =>
    filtered(rows, filter).map(({ symbol }) => symbol);

  test("takes part of a symbol in either case", () => {
    expect(symbols({ ...EVERYTHING, text: " USD " })).toEqual(["btc-usd", "ETH-USD"]);
  });

  test("takes a side, or what is marked", () => {
    expect(symbols({ text: "", side: "long" })).toEqual(["btc-usd", "OLD"]);
    expect(symbols({ text: "", side: "short" })).toEqual(["ETH-USD"]);
    expect(symbols({ text: "", side: "marked" })).toEqual(["OLD", "NEW"]);
  });
});

describe("a CSV file", () => {
  test("holds all digits, and nothing for what is not known", () => {
    const text = csvOf([{ symbol: "A", price: 0.1 + 0.2, value: null }], ["symbol", "price", "value"]);
    expect(text).toBe("symbol,price,value\r\nA,0.30000000000000004,\r\n");
  });

  test("gives a spreadsheet no formula, whatever a symbol says, and loses nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (symbol) => {
        const line = csvOf([{ symbol }], ["symbol"]).slice("symbol\r\n".length, -2);
        const quoted = line.startsWith('"');
        const read = quoted ? line.slice(1, -1).replaceAll('""', '"') : line;
        expect(read).not.toMatch(/^[=+\-@\t\r]/);
        expect(read.replace(/^'/, "")).toBe(symbol.replace(/^'/, ""));
        expect(quoted || !/[",\r\n]/.test(line)).toBe(true);
      }),
    );
  });
});
