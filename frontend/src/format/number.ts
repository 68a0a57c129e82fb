/** Numbers as a trader reads them: never NaN, Infinity or -0; what cannot be given is an en dash. */

export const NO_VALUE = "–";

const formats = new Map<string, Intl.NumberFormat>();

function format(value: number, options: Intl.NumberFormatOptions): string {
  const key = JSON.stringify(options);
  let formatter = formats.get(key);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat(undefined, { signDisplay: "negative", ...options });
    formats.set(key, formatter);
  }
  return formatter.format(value).replace("-", "−");
}

const usable = (value: number | null | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value);

const isIsoCurrency = (currency: string): boolean => /^[A-Z]{3}$/.test(currency);

/** A currency that Intl does not know (USDT) stands behind the number instead of a symbol before it. */
function withCurrency(value: number, currency: string, options: Intl.NumberFormatOptions): string {
  if (!isIsoCurrency(currency)) return `${format(value, options)} ${currency}`;
  return format(value, { style: "currency", currency, currencyDisplay: "narrowSymbol", ...options });
}

/** Four figures are enough to see it move and few enough to read: $48.21K, $1.243M. */
export function money(value: number | null | undefined, currency: string): string {
  if (!usable(value)) return NO_VALUE;
  const size = Math.abs(value);
  if (size < 0.005) return withCurrency(0, currency, { maximumFractionDigits: 0 });
  if (size < 1000)
    return withCurrency(value, currency, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const figures = { notation: "compact", minimumSignificantDigits: 4, maximumSignificantDigits: 4 } as const;
  return withCurrency(value, currency, figures);
}

/** For the ticks of an axis: as short as possible. */
export function moneyShort(value: number | null | undefined, currency: string): string {
  if (!usable(value)) return NO_VALUE;
  return withCurrency(value, currency, { notation: "compact", maximumSignificantDigits: 3 });
}

/** Three figures, for places with no room for four. */
export function moneyThree(value: number | null | undefined, currency: string): string {
  if (!usable(value)) return NO_VALUE;
  const figures = { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 } as const;
  return Math.abs(value) < 0.005 ? money(0, currency) : withCurrency(value, currency, figures);
}

/** A column of money: no symbol, one number of decimals for all, so that digits stand under digits. */
export function moneyPlain(value: number | null | undefined, digits: number): string {
  if (!usable(value)) return NO_VALUE;
  if (Math.abs(value) < 0.5 * 10 ** -digits) return format(0, { minimumFractionDigits: digits });
  if (Math.abs(value) >= 1e9) return format(value, { notation: "compact", maximumSignificantDigits: 4 });
  return format(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function moneyExact(value: number | null | undefined, currency: string, digits = 6): string {
  if (!usable(value)) return NO_VALUE;
  return withCurrency(value, currency, { minimumFractionDigits: 2, maximumFractionDigits: digits });
}

export function signedMoney(value: number | null | undefined, currency: string): string {
  const text = money(value, currency);
  return usable(value) && value >= 0.005 ? `+${text}` : text;
}

export function percent(fraction: number | null | undefined, digits = 2): string {
  if (!usable(fraction)) return NO_VALUE;
  return format(fraction, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** 0.99 is "99%", 0.975 is "97.5%". */
export const confidenceLabel = (confidence: number): string =>
  format(confidence, { style: "percent", maximumFractionDigits: 3 });

export function price(value: number | null | undefined): string {
  if (!usable(value)) return NO_VALUE;
  const size = Math.abs(value);
  const digits = size >= 100 ? 2 : size >= 1 ? 4 : 6;
  return format(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function quantity(value: number | null | undefined): string {
  return usable(value) ? format(value, { maximumFractionDigits: 6 }) : NO_VALUE;
}

export function count(value: number | null | undefined): string {
  return usable(value) ? format(value, { maximumFractionDigits: 0 }) : NO_VALUE;
}

export function exact(value: number | null | undefined): string {
  return usable(value) ? format(value, { maximumSignificantDigits: 15 }) : NO_VALUE;
}

/** A plain number, for statistics. */
export function decimal(value: number | null | undefined, digits: number): string {
  return usable(value)
    ? format(value, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    : NO_VALUE;
}

/** A part of a whole, null where there is no whole. */
export function ratio(part: number | null | undefined, whole: number | null | undefined): number | null {
  if (!usable(part) || !usable(whole) || whole === 0) return null;
  const result = part / whole;
  return Number.isFinite(result) ? result : null;
}
