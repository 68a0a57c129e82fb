import type { RiskSnapshot } from "../client/types.ts";
import { count } from "../format/number.ts";
import { useShown } from "../store/hooks.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import type { State } from "../store/state.ts";
import styles from "./QualityBar.module.css";

interface Fact {
  name: string;
  value: string;
  tip: string;
  bad?: boolean;
}

function factsOf({ quality, horizon, base_currency, seq }: RiskSnapshot): Fact[] {
  const facts: Fact[] = [
    {
      name: "observations",
      value: count(quality.observations),
      tip: "Bars with a return behind the covariance",
    },
    { name: "late", value: count(quality.late), tip: "Ticks that came after their bar had closed" },
    {
      name: "rejected",
      value: count(quality.rejected),
      tip: "Ticks refused, by any reason",
      bad: quality.rejected > 0,
    },
    {
      name: "gaps",
      value: count(quality.gaps),
      tip: "Holes in the feeds' own numbering",
      bad: quality.gaps > 0,
    },
    { name: "snapshot", value: count(seq), tip: `Journal offset ${count(quality.journal_offset)}` },
  ];
  const scaled = quality.scaled_from;
  if (scaled !== "") {
    const tip = `Returns of bars of ${scaled} are scaled to ${horizon} by the square root of time`;
    facts.unshift({ name: "horizon", value: `${horizon} from ${scaled} bars, ${base_currency}`, tip });
  }
  if (quality.lag_ms !== null) {
    facts.push({
      name: "lag",
      value: `${count(quality.lag_ms)} ms`,
      tip: "From the journal's stamp to publishing",
    });
  }
  if (quality.settings !== "") {
    facts.push({ name: "model", value: quality.settings.slice(0, 8), tip: `Settings ${quality.settings}` });
  }
  return facts;
}

const garbageOf = (state: State) => state.garbage;
const runOf = (state: State) => state.status?.run ?? null;

/** The small print that makes the large print trustworthy. */
export function QualityBar() {
  const snapshot = useSampledPortfolio(1000)?.snapshot ?? null;
  const garbage = useShown(garbageOf);
  const run = useShown(runOf);
  const facts = snapshot === null ? [] : factsOf(snapshot);
  if (run !== null) facts.push({ name: "run", value: run, tip: "Which run of the engine is shown" });
  if (garbage > 0) {
    facts.push({
      name: "unreadable events",
      value: count(garbage),
      tip: "Left out of everything shown",
      bad: true,
    });
  }
  return (
    <section className={styles.bar} aria-label="Data quality">
      {facts.map(({ name, value, tip, bad }) => (
        <span key={name} data-tip={tip} data-bad={bad || undefined}>
          {name} <b>{value}</b>
        </span>
      ))}
    </section>
  );
}
