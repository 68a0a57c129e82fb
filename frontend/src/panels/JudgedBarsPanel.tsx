import { NativeSelect, SegmentedControl } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { BARS, useChosen } from "../app/view.ts";
import { type Backtest, METHOD_NAMES, METHODS, type Method, type Pnl } from "../client/types.ts";
import { confidenceLabel, count } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sized } from "../parts/Sized.tsx";
import { exceptionsOf, judgedRows } from "../risk/backtest.ts";
import type { Asked } from "./useAsked.ts";

const JudgedBarsChart = lazy(() => import("./JudgedBarsChart.tsx"));

const METHOD_CHOICES = METHODS.map((value) => ({ value, label: METHOD_NAMES[value] }));
const BAR_CHOICES = BARS.map((value) => ({ value: String(value), label: `${count(value)} bars` }));
const PNL_CHOICES = [
  { value: "hypothetical", label: "Hypothetical" },
  { value: "actual", label: "Actual" },
];

/** What each bar earned, what its forecast allowed it to lose, and where it lost more. */
export function JudgedBarsPanel({ answer, error }: Asked<Backtest>) {
  const { confidence, method, pnl, bars, change } = useChosen();
  return (
    <Panel
      area="judged"
      title="P&L against forecast"
      note={answer === null ? "" : noteOf(answer, pnl)}
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label="P&L"
            data={PNL_CHOICES}
            value={pnl}
            onChange={(value) => change({ pnl: value as Pnl })}
          />
          <NativeSelect
            size="xs"
            aria-label="Method"
            data={METHOD_CHOICES}
            value={method}
            onChange={(event) => change({ method: event.currentTarget.value as Method })}
          />
          <NativeSelect
            size="xs"
            aria-label="How many bars"
            data={BAR_CHOICES}
            value={String(bars)}
            onChange={(event) =>
              change({ bars: BARS.find((one) => String(one) === event.currentTarget.value) ?? bars })
            }
          />
        </>
      }
    >
      {answer === null ? (
        <Message title={error === null ? "Asking…" : "Not known"}>{error}</Message>
      ) : answer.points.length < 2 ? (
        <Message title="Too little to judge">
          A forecast of {METHOD_NAMES[method]} {confidenceLabel(confidence)} is held against the bar that
          follows it: {answer.points.length === 0 ? "no bar" : "one bar"} has come so far.
        </Message>
      ) : (
        <Drawn {...{ answer, pnl }} />
      )}
    </Panel>
  );
}

function noteOf({ points, method, confidence }: Backtest, pnl: Pnl): string {
  const exceptions = exceptionsOf(points, pnl);
  const what = `${METHOD_NAMES[method]} VaR ${confidenceLabel(confidence)} of one bar`;
  return `${what}: ${count(exceptions)} ${exceptions === 1 ? "exception" : "exceptions"} in ${count(points.length)} bars`;
}

function Drawn({ answer, pnl }: { answer: Backtest; pnl: Pnl }) {
  const rows = useMemo(() => judgedRows(answer.points, pnl), [answer, pnl]);
  return (
    <Sized>
      {(size) => (
        <Suspense>
          <JudgedBarsChart {...{ rows, pnl, currency: answer.base_currency }} {...size} />
        </Suspense>
      )}
    </Sized>
  );
}
