import { NativeSelect } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useChosen } from "../app/view.ts";
import { fetchExplanation } from "../client/http.ts";
import { type Explanation, METHOD_NAMES, METHODS, type Method, methodOf } from "../client/types.ts";
import { confidenceLabel, money } from "../format/number.ts";
import { clock, momentOf } from "../format/time.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sized } from "../parts/Sized.tsx";
import { whyBars } from "../risk/why.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { figureKey } from "../store/series.ts";
import { useAsked } from "./useAsked.ts";
import { WaterfallSwitch } from "./WaterfallSwitch.tsx";

const WaterfallChart = lazy(() => import("./WaterfallChart.tsx"));

/** An answer sums what was stored with every snapshot since: not a question for every second. */
const AGAIN_MS = 30_000;
const MINUTE_MS = 60_000;
const CHOICES = METHODS.map((value) => ({ value, label: METHOD_NAMES[value] }));

/** The edge moves on with the chart; by the minute it is one question, not one a snapshot. */
function beginning(edge: number, newest: number): number {
  const minute = Math.ceil(edge / MINUTE_MS) * MINUTE_MS;
  return minute < newest - MINUTE_MS ? minute : Math.ceil(edge / 1000) * 1000;
}

function storyOf(explanation: Explanation, currency: string, isPart: boolean): string {
  const { confidence, start, end, var_from, var_to } = explanation;
  const then = isPart ? `at ${clock(momentOf(end))}` : "now";
  return `VaR ${confidenceLabel(confidence)}: ${money(var_from, currency)} at ${clock(momentOf(start))}, ${then} ${money(var_to, currency)}`;
}

/**
 * Why VaR is not what it was at the left edge of the chart: trades, prices, covariance, scenarios; they add up. Who
 * drags over a part of the chart picks the two moments.
 */
export function WhyPanel() {
  const { portfolio, confidence, windowMs, zoom, forecast, change } = useChosen();
  const method = methodOf(forecast);
  const held = useSampledPortfolio(2000);
  const edge = held?.series.points.find(
    ({ figures }) => typeof figures[figureKey(method, confidence, "var")] === "number",
  );
  const newest = held?.series.points.at(-1)?.moment ?? 0;
  const from = zoom?.[0] ?? (edge === undefined ? null : beginning(edge.moment, newest));
  const key = from === null ? null : [portfolio, confidence, windowMs, method, from, zoom?.[1]].join("|");
  const part = { from: new Date(from ?? 0), ...(zoom === null ? {} : { to: new Date(zoom[1]) }) };
  const { answer, error } = useAsked(
    key,
    (signal) => fetchExplanation(portfolio, { ...part, method, confidence }, signal),
    AGAIN_MS,
  );
  const currency = held?.snapshot?.base_currency ?? "USD";
  const bars = answer === null ? [] : whyBars(answer);
  return (
    <Panel
      area="waterfall"
      title="Why it moved"
      note={answer === null ? `VaR ${confidenceLabel(confidence)}` : storyOf(answer, currency, zoom !== null)}
      actions={
        <>
          <NativeSelect
            size="xs"
            aria-label="Method of the explanation"
            data={CHOICES}
            value={method}
            onChange={(event) => change({ forecast: event.currentTarget.value as Method })}
          />
          <WaterfallSwitch />
        </>
      }
    >
      {answer === null ? (
        <Message title={error === null ? "Asking…" : "Not known"}>{error}</Message>
      ) : (
        <>
          <Sized>
            {(size) => (
              <Suspense>
                <WaterfallChart {...{ bars, currency }} {...size} />
              </Suspense>
            )}
          </Sized>
          <ul className="visually-hidden" aria-label="Why it moved">
            {bars.map((bar) => (
              <li key={bar.label}>{`${bar.label}: ${money(bar.value, currency)}`}</li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
