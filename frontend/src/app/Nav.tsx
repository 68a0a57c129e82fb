import { type MouseEvent, useEffect, useRef } from "react";
import styles from "./Nav.module.css";
import { SCREENS, type ScreenName, useChosen, writeView } from "./view.ts";

const isPlain = ({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean =>
  button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey;

/** The screens, as links: they can be opened in a tab of their own, sent, and gone back from. */
export function Nav() {
  const { change, ...view } = useChosen();
  const go = (event: MouseEvent, screen: ScreenName) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    change({ screen });
  };
  const shown = useRef<HTMLAnchorElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another screen is another link to bring into sight
  useEffect(() => {
    shown.current?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [view.screen]);
  return (
    <nav className={styles.nav} aria-label="Views">
      {SCREENS.map(([screen, name]) => (
        <a
          key={screen}
          ref={screen === view.screen ? shown : undefined}
          href={`${window.location.pathname}${writeView({ ...view, screen })}`}
          aria-current={screen === view.screen ? "page" : undefined}
          onClick={(event) => go(event, screen)}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}
