import { Switch } from "@mantine/core";
import { useState } from "react";
import { canNotify, mayNotify, ring } from "../alerts/outside.ts";
import { readWishes, type Wishes, writeWishes } from "../alerts/wishes.ts";
import styles from "./Alerts.module.css";

/** Whether this browser is to sound and to notify; nothing is asked for before somebody wants it. */
export function AlertWishes() {
  const [wishes, setWishes] = useState(() => readWishes(window.localStorage));
  const [refused, setRefused] = useState(false);
  const wish = (part: Partial<Wishes>) => {
    const next = { ...wishes, ...part };
    writeWishes(window.localStorage, next);
    setWishes(next);
  };
  const notified = async (wanted: boolean) => {
    const granted = wanted && (await mayNotify());
    setRefused(wanted && !granted);
    wish({ notification: granted });
  };
  return (
    <div className={styles.wishes}>
      <Switch
        size="xs"
        label="Sound"
        checked={wishes.sound}
        onChange={(event) => {
          if (event.currentTarget.checked) ring("warning");
          wish({ sound: event.currentTarget.checked });
        }}
      />
      <Switch
        size="xs"
        label="Notification"
        checked={wishes.notification}
        onChange={(event) => void notified(event.currentTarget.checked)}
      />
      {refused && (
        <small className={styles.fault} role="alert">
          {canNotify()
            ? "this browser does not allow it for this page"
            : "this browser has no notifications here"}
        </small>
      )}
    </div>
  );
}
