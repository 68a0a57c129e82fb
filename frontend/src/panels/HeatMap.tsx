import { useLayoutEffect, useRef, useState } from "react";
import type { Covariance } from "../client/types.ts";
import styles from "./Correlation.module.css";
import { correlationText, heatColour } from "./heat.ts";

interface Props {
  covariance: Covariance;
  order: readonly number[];
  width: number;
  height: number;
}

/** Room for names, where there is room for names. */
const NAMES = 74;
const SMALLEST_NAMED = 11;

interface Cell {
  row: number;
  column: number;
}

/** On a canvas: a hundred instruments are ten thousand cells. */
export function HeatMap({ covariance, order, width, height }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState<Cell | null>(null);
  const count = order.length;
  const room = Math.min(width, height) - 8;
  const named = (room - NAMES) / count >= SMALLEST_NAMED;
  const inset = named ? NAMES : 0;
  const cell = Math.max(2, Math.floor((room - inset) / Math.max(1, count)));
  const size = inset + cell * count;

  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d") ?? null;
    if (context !== null) draw(context, { covariance, order, cell, inset, size });
  }, [covariance, order, cell, inset, size]);

  const point = (event: React.PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - inset) / cell);
    const row = Math.floor((event.clientY - box.top - inset) / cell);
    const inside = row >= 0 && column >= 0 && row < count && column < count;
    setPointed(inside ? { row, column } : null);
  };
  return (
    <canvas
      ref={canvas}
      className={styles.map}
      style={{ width: size, height: size }}
      role="img"
      aria-label={`Correlations of ${count} instruments`}
      data-tip={pointed === null ? undefined : tipOf(covariance, order, pointed)}
      onPointerMove={point}
      onPointerLeave={() => setPointed(null)}
    />
  );
}

function tipOf(
  { symbols, correlation }: Covariance,
  order: readonly number[],
  { row, column }: Cell,
): string {
  const [one, other] = [order[row] ?? 0, order[column] ?? 0];
  const value = correlation[one]?.[other] ?? null;
  return `${symbols[one]} and ${symbols[other]}\n${correlationText(value)}`;
}

interface Drawing {
  covariance: Covariance;
  order: readonly number[];
  cell: number;
  inset: number;
  size: number;
}

function draw(context: CanvasRenderingContext2D, drawing: Drawing): void {
  const { covariance, order, cell, inset, size } = drawing;
  const ratio = window.devicePixelRatio || 1;
  context.canvas.width = Math.round(size * ratio);
  context.canvas.height = Math.round(size * ratio);
  context.scale(ratio, ratio);
  const gap = cell > 6 ? 1 : 0;
  order.forEach((one, row) => {
    order.forEach((other, column) => {
      context.fillStyle = heatColour(covariance.correlation[one]?.[other] ?? null);
      context.fillRect(inset + column * cell, inset + row * cell, cell - gap, cell - gap);
    });
  });
  if (inset > 0) drawNames(context, drawing);
}

function drawNames(context: CanvasRenderingContext2D, { covariance, order, cell, inset }: Drawing): void {
  const style = getComputedStyle(context.canvas);
  context.fillStyle = style.color;
  context.font = `${Math.min(11, cell - 1)}px ${style.fontFamily}`;
  context.textBaseline = "middle";
  order.forEach((one, place) => {
    const name = nameOf(covariance.symbols[one] ?? "");
    const middle = inset + (place + 0.5) * cell;
    context.textAlign = "right";
    context.fillText(name, inset - 5, middle);
    context.save();
    context.translate(middle, inset - 5);
    context.rotate(-Math.PI / 2);
    context.textAlign = "left";
    context.fillText(name, 0, 0);
    context.restore();
  });
}

const nameOf = (symbol: string): string => {
  const short = symbol.slice(symbol.lastIndexOf(":") + 1);
  return short.length > 10 ? `${short.slice(0, 9)}…` : short;
};
