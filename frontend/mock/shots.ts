/**
 * Pictures of the dashboard for people to look at: `node mock/shots.ts [url] [folder] [chromium]`. Needs a server that
 * is up (the mock, or the real one) and a Chromium.
 */
import { mkdirSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const [url = "http://127.0.0.1:8000", folder = "shots", executablePath = "/usr/bin/chromium"] =
  process.argv.slice(2);

interface Shot {
  name: string;
  search: string;
  width: number;
  height: number;
  scheme: "dark" | "light";
  whole?: boolean;
  /** What is typed before the picture: label and text. */
  typed?: readonly (readonly [string, string])[];
}

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

const WHAT_IF = [
  ["Symbol 1", "IND03"],
  ["Quantity 1", "-2000"],
] as const;

const SHOCKS = [
  ["Symbol 1", "IND03"],
  ["Shock 1", "-25"],
] as const;

const SHOTS: readonly Shot[] = [
  { name: "overview-dark", search: "?portfolio=main", scheme: "dark", ...WIDE },
  { name: "overview-light", search: "?portfolio=main", scheme: "light", ...WIDE },
  { name: "phone-dark", search: "?portfolio=main", scheme: "dark", whole: true, ...NARROW },
  { name: "phone-light", search: "?portfolio=crypto", scheme: "light", whole: true, ...NARROW },
  {
    name: "tablet-dark",
    search: "?portfolio=crypto&metric=es",
    scheme: "dark",
    width: 900,
    height: 1200,
    whole: true,
  },
  { name: "neutral-light", search: "?portfolio=market-neutral&confidence=0.95", scheme: "light", ...WIDE },
  { name: "portfolios-dark", search: "?view=portfolios&portfolio=main", scheme: "dark", ...WIDE },
  { name: "positions-dark", search: "?view=positions&portfolio=main", scheme: "dark", ...WIDE },
  {
    name: "positions-phone-light",
    search: "?view=positions&portfolio=main",
    scheme: "light",
    whole: true,
    ...NARROW,
  },
  {
    name: "what-if-dark",
    search: "?view=positions&portfolio=main&sheet=what-if",
    scheme: "dark",
    typed: WHAT_IF,
    ...WIDE,
  },
  {
    name: "what-if-phone-light",
    search: "?view=positions&portfolio=main&sheet=what-if",
    scheme: "light",
    typed: WHAT_IF,
    whole: true,
    ...NARROW,
  },
  { name: "stress-dark", search: "?view=stress&portfolio=main", scheme: "dark", typed: SHOCKS, ...WIDE },
  {
    name: "stress-phone-light",
    search: "?view=stress&portfolio=main",
    scheme: "light",
    whole: true,
    ...NARROW,
  },
  { name: "correlation-dark", search: "?view=correlation&portfolio=main", scheme: "dark", ...WIDE },
  {
    name: "correlation-phone-light",
    search: "?view=correlation&portfolio=main",
    scheme: "light",
    whole: true,
    ...NARROW,
  },
  { name: "health-dark", search: "?view=health&portfolio=main", scheme: "dark", ...WIDE },
  {
    name: "health-phone-light",
    search: "?view=health&portfolio=main",
    scheme: "light",
    whole: true,
    ...NARROW,
  },
  { name: "warming-dark", search: "?portfolio=new-book", scheme: "dark", ...WIDE },
  { name: "empty-light", search: "?portfolio=empty", scheme: "light", ...WIDE },
  { name: "stale-dark", search: "?portfolio=stale-feed", scheme: "dark", ...WIDE },
];

async function take(browser: Browser, shot: Shot): Promise<void> {
  const { width, height, scheme } = shot;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") console.log(shot.name, message.text());
  });
  page.on("pageerror", (error) => console.log(shot.name, error.message));
  await page.goto(`${url}/${shot.search}`);
  await page.getByTestId("connection").waitFor();
  for (const [label, value] of shot.typed ?? []) await page.getByLabel(label, { exact: true }).fill(value);
  await page.waitForTimeout(3000);
  await page.screenshot({ path: `${folder}/${shot.name}.png`, fullPage: shot.whole ?? false });
  await page.close();
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
});
const only = process.env.ONLY;
for (const shot of SHOTS) if (only === undefined || shot.name.includes(only)) await take(browser, shot);
await browser.close();
