import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Domain } from "../risk/domain.ts";
import { momentAt, moved, type Plot, scaled, zoomTo } from "../risk/zoom.ts";
import styles from "./SeriesPanel.module.css";

const CLICK_PX = 5;
const CLOSER = 0.6;
const STEP = 0.25;

interface Props {
  /** What is drawn, and what is drawn without a zoom. */
  times: Domain;
  all: Domain;
  plot: Plot;
  onZoom: (zoom: Domain | null) => void;
  children: ReactNode;
}

/** Drag to select, wheel or + and − to come closer, Shift and arrows to move, Escape for all. */
export function SeriesZoom({ times, all, plot, onZoom, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { drag, ...pointing } = useDrag((from, to) =>
    onZoom(zoomTo([momentAt(from, plot, times), momentAt(to, plot, times)], all)),
  );
  useWheel(box, (x, sideways, closer) => {
    const next = sideways === 0 ? scaled(times, closer, momentAt(x, plot, times)) : moved(times, sideways);
    onZoom(zoomTo(next, all));
  });
  const onKey = (event: KeyboardEvent) => {
    const next = keyed(event, times);
    if (next === undefined) return;
    event.stopPropagation();
    event.preventDefault();
    onZoom(next === null ? null : zoomTo(next, all));
  };
  return (
    <div
      ref={box}
      className={styles.zoom}
      data-dragging={drag !== null || undefined}
      onKeyDownCapture={onKey}
      {...pointing}
    >
      {children}
      {drag !== null && <Selected {...{ drag, plot }} />}
    </div>
  );
}

function Selected({ drag: [from, to], plot: { left, right } }: { drag: Domain; plot: Plot }) {
  const start = Math.max(left, Math.min(from, to));
  const width = Math.min(right, Math.max(from, to)) - start;
  return <div className={styles.selected} style={{ left: start, width: Math.max(0, width) }} />;
}

/** The part that a key asks for; null for all, undefined for a key that is none of ours. */
function keyed({ key, shiftKey }: KeyboardEvent, times: Domain): Domain | null | undefined {
  const middle = (times[0] + times[1]) / 2;
  if (key === "+" || key === "=") return scaled(times, CLOSER, middle);
  if (key === "-" || key === "−") return scaled(times, 1 / CLOSER, middle);
  if (key === "ArrowLeft" && shiftKey) return moved(times, -STEP);
  if (key === "ArrowRight" && shiftKey) return moved(times, STEP);
  return key === "Escape" ? null : undefined;
}

function useDrag(onSelect: (from: number, to: number) => void) {
  const [drag, setDrag] = useState<Domain | null>(null);
  const start = useRef<number | null>(null);
  const at = (event: PointerEvent) => event.clientX - event.currentTarget.getBoundingClientRect().left;
  return {
    drag,
    onPointerDown: (event: PointerEvent) => {
      start.current = event.button === 0 ? at(event) : null;
    },
    onPointerMove: (event: PointerEvent) => {
      if (start.current === null || (drag === null && Math.abs(at(event) - start.current) < CLICK_PX)) return;
      if (drag === null) event.currentTarget.setPointerCapture(event.pointerId);
      setDrag([start.current, at(event)]);
    },
    onPointerUp: () => {
      if (drag !== null) onSelect(Math.min(...drag), Math.max(...drag));
      start.current = null;
      setDrag(null);
    },
    onPointerCancel: () => {
      start.current = null;
      setDrag(null);
    },
  };
}

type OnWheel = (x: number, sideways: number, closer: number) => void;

/** React's own listener cannot keep the page from scrolling. Where there is a page to scroll, the wheel is its. */
function useWheel(box: React.RefObject<HTMLDivElement | null>, onWheel: OnWheel): void {
  const latest = useRef(onWheel);
  latest.current = onWheel;
  useEffect(() => {
    const element = box.current;
    const turn = (event: WheelEvent) => {
      const scrolls = document.documentElement.scrollHeight > window.innerHeight;
      if (element === null || (scrolls && !event.ctrlKey)) return;
      event.preventDefault();
      const { left, width } = element.getBoundingClientRect();
      const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      latest.current(
        event.clientX - left,
        isSideways ? event.deltaX / width : 0,
        Math.exp(Math.max(-1, Math.min(1, event.deltaY / 400))),
      );
    };
    element?.addEventListener("wheel", turn, { passive: false });
    return () => element?.removeEventListener("wheel", turn);
  }, [box]);
}
