import { Button, SegmentedControl } from "@mantine/core";
import { useEffect } from "react";
import { useChosen, WINDOWS } from "../app/view.ts";
import { METHOD_NAMES, METHODS } from "../client/types.ts";
import { confidenceLabel } from "../format/number.ts";
import { clock } from "../format/time.ts";
import { Panel } from "../parts/Panel.tsx";
import { useLive } from "../store/hooks.ts";
import type { Metric } from "../store/series.ts";
import { METHOD_COLOURS } from "./methods.ts";
import { SeriesBody } from "./SeriesBody.tsx";
import styles from "./SeriesPanel.module.css";

const METRICS = [
  { value: "var", label: "VaR" },
  { value: "es", label: "ES" },
];
const RANGES = WINDOWS.map(([label, milliseconds]) => ({ value: String(milliseconds), label }));

export function SeriesPanel() {
  const { portfolio: id, confidence, metric, windowMs, zoom, change } = useChosen();
  const { session } = useLive();
  useEffect(() => session.look(id, windowMs), [session, id, windowMs]);
  return (
    <Panel
      area="series"
      title={`${metric === "var" ? "VaR" : "ES"} over time`}
      note={<Legend confidence={confidence} />}
      actions={
        <>
          {zoom !== null && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label="Show all of the range again"
              data-tip="Show all of the range again"
              onClick={() => change({ zoom: null })}
            >
              {clock(zoom[0])} – {clock(zoom[1])} ×
            </Button>
          )}
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
            value={zoom === null ? String(windowMs) : ""}
            onChange={(value) => change({ windowMs: Number(value), zoom: null })}
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
