import { NativeSelect, SegmentedControl } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { useChosen } from "../app/view.ts";
import {
  type Backtest,
  FORECAST_METHODS,
  FORECAST_NAMES,
  type ForecastMethod,
  METHODS,
  methodOf,
  type Pnl,
} from "../client/types.ts";
import { confidenceLabel, count } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sized } from "../parts/Sized.tsx";
import { exceptionsOf, judgedRows } from "../risk/backtest.ts";
import { BacktestChooser } from "./BacktestChooser.tsx";
import type { Asked } from "./useAsked.ts";

const JudgedBarsChart = lazy(() => import("./JudgedBarsChart.tsx"));

const choicesOf = (methods: readonly ForecastMethod[]) =>
  methods.map((value) => ({ value, label: FORECAST_NAMES[value] }));
const RUNNING = choicesOf(METHODS);
const STORED = choicesOf(FORECAST_METHODS);
const PNL_CHOICES = [
  { value: "hypothetical", label: "Hypothetical" },
  { value: "actual", label: "Actual" },
];

/** What each bar earned, what its forecast allowed it to lose, and where it lost more. */
export function JudgedBarsPanel({ answer, error }: Asked<Backtest>) {
  const { forecast, pnl: wanted, job, change } = useChosen();
  const stored = job !== null;
  const pnl = stored ? "hypothetical" : wanted;
  const method = stored ? forecast : methodOf(forecast);
  return (
    <Panel
      area="judged"
      title="P&L against forecast"
      note={answer === null ? "" : noteOf(answer, pnl, stored)}
      actions={
        <>
          {!stored && (
            <SegmentedControl
              size="xs"
              aria-label="P&L"
              data={PNL_CHOICES}
              value={pnl}
              onChange={(value) => change({ pnl: value as Pnl })}
            />
          )}
          <NativeSelect
            size="xs"
            aria-label="Method"
            data={stored ? STORED : RUNNING}
            value={method}
            onChange={(event) => change({ forecast: event.currentTarget.value as ForecastMethod })}
          />
          <BacktestChooser />
        </>
      }
    >
      {answer === null ? (
        <Message title={error === null ? "Asking…" : "Not known"}>{error}</Message>
      ) : answer.points.length < 2 ? (
        <TooLittle {...{ stored, answer }} />
      ) : (
        <Drawn {...{ answer, pnl, stored }} />
      )}
    </Panel>
  );
}

const nameOf = ({ method, confidence }: Backtest): string =>
  `${FORECAST_NAMES[method]} ${confidenceLabel(confidence)}`;

function TooLittle({ answer, stored }: { answer: Backtest; stored: boolean }) {
  const came = answer.points.length === 0 ? "no bar" : "one bar";
  return (
    <Message title="Too little to judge">
      {stored
        ? `${nameOf(answer)} was not judged in this backtest.`
        : `A forecast of ${nameOf(answer)} is held against the bar that follows it: ${came} has come so far.`}
    </Message>
  );
}

interface DrawnProps {
  answer: Backtest;
  pnl: Pnl;
  stored: boolean;
}

function noteOf(answer: Backtest, pnl: Pnl, stored: boolean): string {
  const exceptions = exceptionsOf(answer.points, pnl);
  const [name, one, many] = [nameOf(answer), ...(stored ? ["day", "days"] : ["bar", "bars"])];
  const found = `${count(exceptions)} ${exceptions === 1 ? "exception" : "exceptions"}`;
  return `VaR of one ${one}, ${name}: ${found} in ${count(answer.points.length)} ${many}`;
}

function Drawn({ answer, pnl, stored }: DrawnProps) {
  const rows = useMemo(() => judgedRows(answer.points, pnl), [answer, pnl]);
  return (
    <Sized>
      {(size) => (
        <Suspense>
          <JudgedBarsChart {...{ rows, pnl, currency: answer.base_currency, daily: stored }} {...size} />
        </Suspense>
      )}
    </Sized>
  );
}
