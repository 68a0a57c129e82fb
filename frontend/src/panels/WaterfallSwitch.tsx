import { SegmentedControl } from "@mantine/core";
import { useChosen, type Waterfall } from "../app/view.ts";
import { isSum } from "../risk/sums.ts";

const POSITIONS = { value: "positions", label: "Positions" };
const PORTFOLIOS = { value: "portfolios", label: "Portfolios" };
const WHY = { value: "why", label: "Why" };

/** What the waterfall is of: VaR by position, that of a sum by portfolio, or the parts of its change. */
export function WaterfallSwitch() {
  const { portfolio, waterfall, change } = useChosen();
  const ofSum = isSum(portfolio);
  return (
    <SegmentedControl
      size="xs"
      aria-label="Waterfall of"
      data={ofSum ? [POSITIONS, PORTFOLIOS, WHY] : [POSITIONS, WHY]}
      value={waterfall === "portfolios" && !ofSum ? "positions" : waterfall}
      onChange={(value) => change({ waterfall: value as Waterfall })}
    />
  );
}
