const WIDTH = 120;
const HEIGHT = 22;
const INSET = 2;

interface Props {
  values: readonly (number | null)[];
  label: string;
}

/** A line without axes: only how it went. Where a value is missing the line is broken. */
export function Sparkline({ values, label }: Props) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const x = (i: number) => INSET + (i / (values.length - 1)) * (WIDTH - 2 * INSET);
  const y = (value: number) => HEIGHT - INSET - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * INSET);
  let drawing = false;
  const path = values
    .map((value, i) => {
      const step = value === null ? "" : `${drawing ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      drawing = value !== null;
      return step;
    })
    .join("");
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path d={path} fill="none" stroke="var(--parametric)" strokeWidth={1.4} strokeLinejoin="round" />
    </svg>
  );
}
