import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import styles from "./Sized.module.css";

interface Size {
  width: number;
  height: number;
}

/** Gives its children the room there is, in whole pixels; nothing is drawn before that is known. */
export function Sized({ children }: { children: (size: Size) => ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size | null>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => {
      const { width, height } = element.getBoundingClientRect();
      const next = { width: Math.floor(width), height: Math.floor(height) };
      setSize((held) => (held?.width === next.width && held.height === next.height ? held : next));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={box} className={styles.box}>
      {size !== null && size.width > 40 && size.height > 40 && children(size)}
    </div>
  );
}
