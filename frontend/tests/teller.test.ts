import { beforeEach, expect, test } from "vitest";
import { Teller } from "../src/alerts/teller.ts";
import { type Memory, readWishes, writeWishes } from "../src/alerts/wishes.ts";
import { alert } from "./fixtures.ts";

let told: string[];
let memory: Memory;
let leaders: (() => void)[];

beforeEach(() => {
  told = [];
  leaders = [];
  const held = new Map<string, string>();
  memory = { getItem: (key) => held.get(key) ?? null, setItem: (key, value) => void held.set(key, value) };
});

const tab = (name: string) =>
  new Teller({
    memory,
    whenAlone: (lead) => void leaders.push(lead),
    ring: (level) => void told.push(`${name} rings ${level}`),
    notify: ({ id }) => void told.push(`${name} notifies ${id}`),
  });
const wish = () => writeWishes(memory, { sound: true, notification: true });
const of = (rule: string, id: string, change = {}) => alert({ id, rule, ...change });

test("nothing is told before somebody wants it, nor later what stood by then", () => {
  const one = tab("one");
  leaders[0]?.();
  one.take([of("var", "1")]);
  wish();
  one.take([of("var", "1")]);
  expect(told).toEqual([]);
  expect(readWishes(memory)).toEqual({ sound: true, notification: true });
});

test("an alert is told once, by one tab, and by the next when that is gone", () => {
  wish();
  const [one, two] = [tab("one"), tab("two")];
  leaders[0]?.();
  for (const each of [one, two, one]) each.take([of("var", "1")]);
  expect(told).toEqual(["one rings breach", "one notifies 1"]);
  two.take([of("var", "1"), of("gross", "2", { level: "warning" })]);
  leaders[1]?.();
  expect(told.slice(2)).toEqual(["two rings warning", "two notifies 2"]);
});

test("what is resolved, acknowledged or silenced wakes nobody", () => {
  wish();
  const one = tab("one");
  leaders[0]?.();
  one.take([
    of("var", "1", { state: "resolved" }),
    of("es", "2", { state: "acknowledged" }),
    of("net", "3", { silenced: true }),
  ]);
  expect(told).toEqual([]);
});

test("many at once are one sound and a few notifications", () => {
  wish();
  const one = tab("one");
  leaders[0]?.();
  one.take(Array.from({ length: 40 }, (_, i) => of(`rule ${i}`, String(i))));
  expect(told).toEqual(["one rings breach", "one notifies 37", "one notifies 38", "one notifies 39"]);
});

test("a browser that keeps nothing, or something else, is asked for nothing", () => {
  memory = {
    getItem: () => "{broken",
    setItem: () => {
      throw new Error("refused");
    },
  };
  expect(readWishes(memory)).toEqual({ sound: false, notification: false });
  const one = tab("one");
  leaders[0]?.();
  one.take([of("var", "1")]);
  expect(told).toEqual([]);
});
