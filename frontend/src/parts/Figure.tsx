/** A number with its full precision one hover away; a number that cannot be given is a dash with its reason there. */
import type { CSSProperties } from "react";
import { NO_VALUE } from "../format/number.ts";

interface Props {
  text: string;
  tip: string;
  className?: string | undefined;
  style?: CSSProperties;
  focusable?: boolean;
  testId?: string;
  value?: number | null;
}

export function Figure({ text, tip, className, style, focusable = false, testId, value }: Props) {
  const missing = text === NO_VALUE;
  return (
    <span
      className={className}
      style={style}
      data-tip={tip}
      data-testid={testId}
      data-value={value ?? undefined}
      tabIndex={focusable ? 0 : undefined}
    >
      {missing ? <span aria-hidden="true">{NO_VALUE}</span> : text}
      {missing && <span className="visually-hidden">not available: {tip}</span>}
    </span>
  );
}
