/** Times in the user's zone; the same moment in UTC, to the last digit given, is one hover away. */

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");

/**
 * Milliseconds since the epoch of an RFC 3339 moment with up to nanoseconds. The fraction stays: a double holds it to
 * a quarter of a microsecond.
 */
export function momentOf(text: string): number {
  const whole = Date.parse(text.replace(/\.\d+/, ""));
  const fraction = /\.(\d+)/.exec(text)?.[1];
  return fraction === undefined ? whole : whole + Number(`0.${fraction}`) * 1000;
}

export function clock(moment: number, tenths = false): string {
  const date = new Date(moment);
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return tenths ? `${time}.${Math.floor(date.getMilliseconds() / 100)}` : time;
}

export function day(moment: number): string {
  return new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" }).format(
    moment,
  );
}

/** For an axis: 26 Nov. */
export const shortDay = (moment: number): string =>
  new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }).format(moment);

/** For an axis of years: Nov 2026. */
const month = (moment: number): string =>
  new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" }).format(moment);

export function zoneName(moment: number): string {
  const parts = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" }).formatToParts(moment);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

export const utc = (text: string): string => text.replace("T", " ").replace(/(Z|\+00:00)$/, " UTC");

/** How long ago, in the two units that matter: 0.4 s, 12 s, 3 min 5 s, 2 h 4 min. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** A span in one unit, for "over 14 min". */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

const DAY_MS = 86_400_000;

/** The labels of an axis of time: as short as the span lets a label be and still tell its tick from the next. */
export function tickLabel(spanMs: number): (moment: number) => string {
  if (spanMs < 10 * 60_000) return (moment) => clock(moment);
  if (spanMs <= DAY_MS) return (moment) => clock(moment).slice(0, 5);
  if (spanMs < 14 * DAY_MS) return (moment) => `${shortDay(moment)} ${clock(moment).slice(0, 5)}`;
  return spanMs < 300 * DAY_MS ? shortDay : month;
}
