import { SegmentedControl } from "@mantine/core";
import { useChosen, type Waterfall } from "../app/view.ts";

const CHOICES = [
  { value: "positions", label: "Positions" },
  { value: "why", label: "Why" },
];

/** What the waterfall is of: the parts of VaR by position, or the parts of its change. */
export function WaterfallSwitch() {
  const { waterfall, change } = useChosen();
  return (
    <SegmentedControl
      size="xs"
      aria-label="Waterfall of"
      data={CHOICES}
      value={waterfall}
      onChange={(value) => change({ waterfall: value as Waterfall })}
    />
  );
}
