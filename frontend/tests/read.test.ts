import fc from "fast-check";
import { expect, test } from "vitest";
import {
  parseJson,
  readAlert,
  readHistory,
  readPortfolioIds,
  readRisk,
  readStatus,
} from "../src/client/read.ts";
import { snapshot, wire } from "./fixtures.ts";

test("a snapshot of the contract is read as it stands", () => {
  expect(readRisk(parseJson(wire(snapshot())))).toEqual(snapshot());
});

test("numbers that are none become null, the rest of the snapshot stays", () => {
  const text = wire(snapshot())
    .replace('"market_value":100000', '"market_value":1e999')
    .replace("1100", '"<b>"');
  const read = readRisk(parseJson(text));
  expect(read?.market_value).toBeNull();
  expect(read?.measures.find(({ method }) => method === "historical")?.var).toBeNull();
  expect(read?.measures.find(({ method }) => method === "parametric")?.var).toBe(700);
});

test("a rate is a row beside the positions, so that the components add up to the whole", () => {
  const rate = { currency: "EUR", symbol: "sim:EURUSD", rate: 1.25, exposure: 5000, stale: false };
  const currencies = [
    { ...rate, volatility: 0.002, marginal_var: 0.02, component_var: 100, component_es: 115 },
  ];
  const { positions = [] } = readRisk({ ...JSON.parse(wire(snapshot())), currencies }) ?? {};
  expect(positions.map(({ symbol }) => symbol)).toEqual(["AAA", "BBB", "CCC", "EUR (rate)"]);
  expect(positions[3]).toMatchObject({ quantity: 4000, price: 1.25, market_value: 5000, component_var: 100 });
});

test("minus zero arrives as zero", () => {
  expect(Object.is(readRisk({ ...JSON.parse(wire(snapshot())), net: -0 })?.net, 0)).toBe(true);
});

test("an object of another schema or without its time is refused as a whole", () => {
  const good = JSON.parse(wire(snapshot()));
  expect(readRisk({ ...good, schema: 2 })).toBeNull();
  expect(readRisk({ ...good, event_time: "yesterday" })).toBeNull();
  expect(readRisk({ ...good, measures: undefined })).toBeNull();
});

test("a histogram whose edges do not fit its counts is left out", () => {
  const good = JSON.parse(wire(snapshot()));
  expect(
    readRisk({ ...good, distribution: { method: "monte_carlo", edges: [0, 1], counts: [1, 2] } })
      ?.distribution,
  ).toBeNull();
  expect(
    readRisk({ ...good, distribution: { method: "monte_carlo", edges: [1, 0], counts: [1] } })?.distribution,
  ).toBeNull();
});

test("nothing that can stand in JSON makes a reader throw", () => {
  const names = ["schema", "portfolio", "event_time", "measures", "positions", "quality", "points", "parts"];
  const objects = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), objects), (value) => {
      for (const read of [readRisk, readAlert, readStatus, readHistory, readPortfolioIds]) read(value);
    }),
  );
  expect(parseJson('{"schema":1,')).toBeNull();
});

test("portfolios are listed by size, else in the server's order, with garbage left out", () => {
  const listed = [
    { portfolio: "b" },
    { portfolio: "a" },
    null,
    { portfolio: 7 },
    { portfolio: "big", gross: 5 },
  ];
  expect(readPortfolioIds(listed)).toEqual(["big", "b", "a"]);
});
