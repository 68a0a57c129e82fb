import { Button, SegmentedControl } from "@mantine/core";
import { useEffect } from "react";
import { CURVES, type Curve, useChosen, WINDOWS } from "../app/view.ts";
import { confidenceLabel } from "../format/number.ts";
import { clock } from "../format/time.ts";
import { Panel } from "../parts/Panel.tsx";
import { useLive } from "../store/hooks.ts";
import { CURVE_NAMES, isOfRisk, linesOfCurve } from "./curves.ts";
import { SeriesBody } from "./SeriesBody.tsx";
import styles from "./SeriesPanel.module.css";

const SHORT: Record<Curve, string> = { ...CURVE_NAMES, value: "Value", pnl: "P&L" };
const SHOWN = CURVES.map((curve) => ({ value: curve, label: SHORT[curve] }));
const RANGES = WINDOWS.map(([label, milliseconds]) => ({ value: String(milliseconds), label }));

export function SeriesPanel() {
  const { portfolio: id, confidence, curve, windowMs, zoom, change } = useChosen();
  const { session } = useLive();
  useEffect(() => session.look(id, windowMs), [session, id, windowMs]);
  return (
    <Panel
      area="series"
      title={`${CURVE_NAMES[curve]} over time`}
      note={isOfRisk(curve) && <Legend {...{ curve, confidence }} />}
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
            data={SHOWN}
            value={curve}
            onChange={(value) => change({ curve: value as Curve })}
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

function Legend({ curve, confidence }: { curve: Curve; confidence: number }) {
  return (
    <span className={styles.legend}>
      <span>{confidenceLabel(confidence)}</span>
      {linesOfCurve(curve, confidence).map(({ key, name, colour }) => (
        <span key={key} className={styles.entry}>
          <i style={{ background: colour }} />
          {name}
        </span>
      ))}
    </span>
  );
}
