/**
 * One tooltip for the whole page: it shows the `data-tip` of whatever is pointed at or focused. A tooltip component
 * around each of the table's cells would cost more than the table.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import styles from "./TipLayer.module.css";

const tippedAt = (event: Event): HTMLElement | null =>
  event.target instanceof Element ? event.target.closest<HTMLElement>("[data-tip]") : null;

function useTarget(): HTMLElement | null {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const point = (event: Event) => setTarget(tippedAt(event));
    const leave = () => setTarget(null);
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && leave();
    document.addEventListener("pointerover", point);
    document.addEventListener("focusin", point);
    document.addEventListener("focusout", leave);
    document.addEventListener("keydown", onKey);
    document.addEventListener("scroll", leave, true);
    return () => {
      document.removeEventListener("pointerover", point);
      document.removeEventListener("focusin", point);
      document.removeEventListener("focusout", leave);
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("scroll", leave, true);
    };
  }, []);
  return target;
}

/** The text under the pointer moves while it is read. */
function useText(target: HTMLElement | null): string {
  const [text, setText] = useState("");
  useEffect(() => {
    const read = () => setText(target?.isConnected ? (target.dataset.tip ?? "") : "");
    read();
    if (target === null) return;
    const timer = setInterval(read, 250);
    return () => clearInterval(timer);
  }, [target]);
  return text;
}

const MARGIN = 8;

function place(tip: HTMLElement, target: HTMLElement): void {
  const at = target.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const left = Math.min(at.left + at.width / 2 - size.width / 2, window.innerWidth - size.width - MARGIN);
  const above = at.top - size.height - 6;
  const below = at.bottom + 6;
  const top = below + size.height + MARGIN > window.innerHeight ? above : below;
  tip.style.transform = `translate(${Math.round(Math.max(MARGIN, left))}px, ${Math.round(top)}px)`;
}

export function TipLayer() {
  const target = useTarget();
  const text = useText(target);
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (tip.current !== null && target !== null && text !== "") place(tip.current, target);
  }, [target, text]);
  if (target === null || text === "") return null;
  return (
    <div ref={tip} className={styles.tip} role="tooltip">
      {text}
    </div>
  );
}
