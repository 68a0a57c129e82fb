import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  confidenceLabel,
  money,
  moneyExact,
  moneyPlain,
  moneyShort,
  moneyThree,
  percent,
  price,
  quantity,
  ratio,
  signedMoney,
} from "../src/format/number.ts";
import { age, momentOf, span, utc } from "../src/format/time.ts";

describe("numbers", () => {
  test("money has four figures and says so exactly on demand", () => {
    expect(money(48_213.4567, "USD")).toBe("$48.21K");
    expect(money(1_243_000, "USD")).toBe("$1.243M");
    expect(money(-12.3, "USD")).toBe("−$12.30");
    expect(moneyExact(48_213.4567, "USD")).toBe("$48,213.4567");
    expect(moneyThree(2500, "USD")).toBe("$2.50K");
    expect(moneyPlain(114_430.6, 0)).toBe("114,431");
    expect(signedMoney(10, "EUR")).toBe("+€10.00");
  });

  test("a currency that is no ISO code stands behind the number", () => {
    expect(money(1234.5, "USDT")).toBe("1.235K USDT");
  });

  test("confidence is written as it is spoken", () => {
    expect(confidenceLabel(0.99)).toBe("99%");
    expect(confidenceLabel(0.975)).toBe("97.5%");
    expect(confidenceLabel(0.999)).toBe("99.9%");
  });

  test("what is not a number is a dash, and minus zero is zero", () => {
    for (const nothing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(money(nothing, "USD")).toBe("–");
      expect(percent(nothing)).toBe("–");
      expect(price(nothing)).toBe("–");
    }
    expect(money(-0, "USD")).toBe("$0");
    expect(money(-0.001, "USD")).toBe("$0");
    expect(moneyPlain(-0.2, 0)).toBe("0");
    expect(percent(-0.000_001)).toBe("0.00%");
    expect(quantity(-0)).toBe("0");
  });

  test("no number whatever prints NaN, Infinity or a signed zero", () => {
    const formats = [
      (x: number) => money(x, "USD"),
      (x: number) => moneyShort(x, "USD"),
      (x: number) => moneyThree(x, "XBT"),
      (x: number) => moneyExact(x, "JPY"),
      (x: number) => moneyPlain(x, 2),
      (x: number) => percent(x),
      price,
    ];
    fc.assert(
      fc.property(fc.double(), fc.constantFrom(...formats), (value, print) => {
        expect(print(value)).not.toMatch(/NaN|Infinity|∞|undefined|^[-−]\$?0(\.0+)?%?$/);
      }),
    );
  });

  test("a ratio to nothing is nothing", () => {
    expect(ratio(1, 0)).toBeNull();
    expect(ratio(1, null)).toBeNull();
    expect(ratio(1, 4)).toBe(0.25);
  });
});

describe("times", () => {
  test("nanoseconds survive to below a microsecond", () => {
    const moment = momentOf("2026-11-22T09:30:00.123456789Z");
    expect(moment - Date.parse("2026-11-22T09:30:00Z")).toBeCloseTo(123.456789, 3);
    expect(momentOf("2026-11-22T09:30:00Z")).toBe(Date.parse("2026-11-22T09:30:00Z"));
  });

  test("an age is told in the units that matter", () => {
    expect(age(-5)).toBe("0.0 s");
    expect(age(430)).toBe("0.4 s");
    expect(age(12_900)).toBe("12 s");
    expect(age(185_000)).toBe("3 min 5 s");
    expect(age(2 * 3_600_000 + 240_000)).toBe("2 h 4 min");
    expect(span(840_000)).toBe("14 min");
  });

  test("UTC keeps every digit", () => {
    expect(utc("2026-11-22T09:30:00.123456789Z")).toBe("2026-11-22 09:30:00.123456789 UTC");
  });
});
