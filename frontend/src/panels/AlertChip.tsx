import type { Alert } from "../client/types.ts";
import { money } from "../format/number.ts";
import { standing } from "../risk/alerts.ts";
import { useShown } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import styles from "./Header.module.css";

const alertsOf = (state: State) => state.alerts;

const describe = ({ portfolio, rule, level, value, limit }: Alert): string =>
  `${portfolio}: ${rule} ${level}, ${money(value, "")} against a limit of ${money(limit, "")}`;

/** Limits that are broken now, in any portfolio; nothing when there is none. */
export function AlertChip() {
  const firing = standing(Object.values(useShown(alertsOf))).filter(
    ({ state, silenced }) => state === "firing" && !silenced,
  );
  if (firing.length === 0) return null;
  const breached = firing.some(({ level }) => level === "breach");
  return (
    <output
      className={styles.alert}
      data-level={breached ? "breach" : "warning"}
      data-tip={firing.map(describe).join("\n")}
    >
      {firing.length} {breached ? "limit breach" : "limit warning"}
      {firing.length === 1 ? "" : breached ? "es" : "s"}
    </output>
  );
}
