import { SegmentedControl } from "@mantine/core";
import { lazy, Suspense, useEffect, useMemo } from "react";
import { useChosen, WINDOWS } from "../app/view.ts";
import { METHOD_NAMES, METHODS } from "../client/types.ts";
import { confidenceLabel } from "../format/number.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Sized } from "../parts/Sized.tsx";
import { reasonOf } from "../risk/measures.ts";
import { useLive } from "../store/hooks.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import { chartRows, type Metric } from "../store/series.ts";
import type { Portfolio } from "../store/state.ts";
import { METHOD_COLOURS } from "./methods.ts";
import styles from "./SeriesPanel.module.css";

const SeriesChart = lazy(() => import("./SeriesChart.tsx"));

const REDRAW_MS = 400;
const METRICS = [
  { value: "var", label: "VaR" },
  { value: "es", label: "ES" },
];
const RANGES = WINDOWS.map(([label, milliseconds]) => ({ value: String(milliseconds), label }));

export function SeriesPanel() {
  const { portfolio: id, confidence, metric, windowMs, change } = useChosen();
  const { session } = useLive();
  useEffect(() => session.look(id, windowMs), [session, id, windowMs]);
  return (
    <Panel
      area="series"
      title={`${metric === "var" ? "VaR" : "ES"} over time`}
      note={<Legend confidence={confidence} />}
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label="Measure"
            data={METRICS}
            value={metric}
            onChange={(value) => change({ metric: value as Metric })}
          />
          <SegmentedControl
            size="xs"
            aria-label="Time range"
            data={RANGES}
            value={String(windowMs)}
            onChange={(value) => change({ windowMs: Number(value) })}
          />
        </>
      }
    >
      <SeriesBody />
    </Panel>
  );
}

function Legend({ confidence }: { confidence: number }) {
  return (
    <span className={styles.legend}>
      <span>{confidenceLabel(confidence)}</span>
      {METHODS.map((method) => (
        <span key={method} className={styles.entry}>
          <i style={{ background: METHOD_COLOURS[method] }} />
          {METHOD_NAMES[method]}
        </span>
      ))}
    </span>
  );
}

function SeriesBody() {
  const { confidence, metric, windowMs } = useChosen();
  const portfolio = useSampledPortfolio(REDRAW_MS);
  const series = portfolio?.series;
  const rows = useMemo(
    () => (series === undefined ? [] : chartRows(series, confidence, metric)),
    [series, confidence, metric],
  );
  const drawable = rows.filter((row) => row.parametric !== null || row.historical !== null).length > 1;
  if (!drawable) return <NoSeries portfolio={portfolio} />;
  const currency = portfolio?.snapshot?.base_currency ?? "USD";
  const key = `${portfolio?.id}|${confidence}|${metric}|${windowMs}`;
  return (
    <Sized>
      {(size) => (
        <Suspense>
          <SeriesChart key={key} {...size} {...{ rows, metric, windowMs, currency }} />
        </Suspense>
      )}
    </Sized>
  );
}

function NoSeries({ portfolio }: { portfolio: Portfolio | undefined }) {
  const snapshot = portfolio?.snapshot ?? null;
  const reason = snapshot === null ? (portfolio?.reason ?? null) : reasonOf(snapshot);
  if (reason !== null) return <Message title="No figures yet">{reason}</Message>;
  if (snapshot === null) return <Message title="Loading…" />;
  return <Message title="The series begins now">The line appears with the second snapshot.</Message>;
}
