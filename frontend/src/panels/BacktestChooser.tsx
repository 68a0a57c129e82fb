import { NativeSelect } from "@mantine/core";
import { BARS, useChosen } from "../app/view.ts";
import { fetchStoredBacktests } from "../client/http.ts";
import { count } from "../format/number.ts";
import { clock, day, momentOf } from "../format/time.ts";
import { useAsked } from "./useAsked.ts";

const AGAIN_MS = 10_000;
const RUNNING = BARS.map((bars) => ({ value: String(bars), label: `the last ${count(bars)} bars` }));

/** The running backtest, over so many bars, or one that was made over a history of days. */
export function BacktestChooser() {
  const { portfolio, bars, job, change } = useChosen();
  const { answer } = useAsked("stored backtests", fetchStoredBacktests, AGAIN_MS);
  const own = (answer ?? []).filter((stored) => stored.portfolio === portfolio);
  const stored = own.map(({ job: value, history, finished }) => {
    const moment = momentOf(finished);
    return { value, label: `${history}, ${day(moment)} ${clock(moment).slice(0, 5)}` };
  });
  if (job !== null && own.every((one) => one.job !== job)) stored.push({ value: job, label: "another one" });
  return (
    <NativeSelect
      size="xs"
      aria-label="Which backtest"
      data={
        stored.length === 0
          ? RUNNING
          : [
              { group: "Running", items: RUNNING },
              { group: "Stored", items: stored },
            ]
      }
      value={job ?? String(bars)}
      onChange={({ currentTarget: { value } }) => {
        const chosen = BARS.find((one) => String(one) === value);
        change(chosen === undefined ? { job: value } : { bars: chosen, job: null });
      }}
    />
  );
}
