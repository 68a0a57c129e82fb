import { Skeleton } from "@mantine/core";
import { METHOD_NAMES, type Measure, type Method, type RiskSnapshot } from "../client/types.ts";
import { confidenceLabel, count, money, moneyExact, percent, ratio } from "../format/number.ts";
import { clock, span } from "../format/time.ts";
import { Figure } from "../parts/Figure.tsx";
import { StandardError } from "../parts/StandardError.tsx";
import { measureOf } from "../risk/measures.ts";
import { changeOf, figureKey, type Metric, type Point, type Series } from "../store/series.ts";
import { METHOD_COLOURS } from "./methods.ts";
import styles from "./Tiles.module.css";

interface Props {
  method: Method;
  confidence: number;
  snapshot: RiskSnapshot | null;
  series: Series | null;
  /** The first figures of the day. */
  opening: Point | null;
}

const METRIC_NAMES: Record<Metric, string> = { var: "VaR", es: "ES" };

export function MethodTile(props: Props) {
  const { method, confidence, snapshot } = props;
  const measure = measureOf(snapshot, method, confidence);
  const name = `${METHOD_NAMES[method]} ${confidenceLabel(confidence)}`;
  return (
    <article className={styles.tile} aria-label={name}>
      <header className={styles.tileHead}>
        <i className={styles.swatch} style={{ background: METHOD_COLOURS[method] }} />
        <h2 className={styles.tileName}>{METHOD_NAMES[method]}</h2>
        <span className={styles.tileNote}>{noteOf(measure, snapshot)}</span>
      </header>
      <div className={styles.pair}>
        {(["var", "es"] as const).map((metric) => (
          <MethodFigure key={metric} {...{ metric, measure, ...props }} />
        ))}
      </div>
    </article>
  );
}

function noteOf(measure: Measure | null, snapshot: RiskSnapshot | null): string {
  if (snapshot === null) return "";
  const scenarios = measure?.scenarios ?? null;
  return scenarios === null ? "closed form" : `${count(scenarios)} scenarios`;
}

interface FigureProps extends Props {
  metric: Metric;
  measure: Measure | null;
}

function MethodFigure(props: FigureProps) {
  const { metric, method, confidence, snapshot, series, opening, measure } = props;
  const name = METRIC_NAMES[metric];
  const label = `${METHOD_NAMES[method]} ${name} ${confidenceLabel(confidence)}`;
  if (snapshot === null) return <FigureSkeleton label={label} name={name} />;
  const currency = snapshot.base_currency;
  const value = measure?.[metric] ?? null;
  const error = metric === "var" ? (measure?.var_stderr ?? null) : (measure?.es_stderr ?? null);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a figure with its annotations is a group, not a fieldset
    <div className={styles.figure} role="group" aria-label={label}>
      <span className={styles.metric}>
        {name} <StandardError value={value === null ? null : error} currency={currency} />
      </span>
      <Figure
        focusable
        className={styles.big}
        text={money(value, currency)}
        tip={tipOf(label, value, error, snapshot, measure)}
        testId={`${metric}-${method}`}
        value={value}
      />
      <span className={styles.sub}>
        {value !== null && <ShareOfGross value={value} snapshot={snapshot} />}
      </span>
      <ChangeMark {...{ series, opening, currency }} figure={figureKey(method, confidence, metric)} />
    </div>
  );
}

function FigureSkeleton({ label, name }: { label: string; name: string }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a figure with its annotations is a group, not a fieldset
    <div className={styles.figure} role="group" aria-label={label} aria-busy="true">
      <span className={styles.metric}>{name}</span>
      <Skeleton height={24} width={104} my={5} />
      <Skeleton height={11} width={76} my={3} />
      <Skeleton height={11} width={64} my={4} />
    </div>
  );
}

function ShareOfGross({ value, snapshot }: { value: number; snapshot: RiskSnapshot }) {
  const { gross, market_value: held } = snapshot;
  if (ratio(value, gross) === null) return null;
  const tip = `${percent(ratio(value, gross), 4)} of gross exposure\n${percent(ratio(value, held), 4)} of market value`;
  return <span data-tip={tip}>{percent(ratio(value, gross))} of gross</span>;
}

function tipOf(
  label: string,
  value: number | null,
  error: number | null,
  snapshot: RiskSnapshot,
  measure: Measure | null,
): string {
  if (value === null) return measure?.reason ?? `no ${label} in the newest snapshot`;
  const exact = `${label} over ${snapshot.horizon}: ${moneyExact(value, snapshot.base_currency)}`;
  return error === null ? exact : `${exact}\nstandard error ${moneyExact(error, snapshot.base_currency)}`;
}

interface ChangeProps {
  series: Series | null;
  opening: Point | null;
  figure: ReturnType<typeof figureKey>;
  currency: string;
}

/** More risk is up and in the colour of losses; too small to show is level. */
function ChangeMark({ series, opening, figure, currency }: ChangeProps) {
  const change = series === null ? null : changeOf(series, figure, opening);
  if (change === null) return <span className={styles.change}>&nbsp;</span>;
  const { fraction, overMs, from, since } = change;
  const level = Math.abs(fraction) < 0.0005;
  const direction = level ? "level" : fraction > 0 ? "up" : "down";
  const words = level ? "unchanged" : `${fraction > 0 ? "up" : "down"} ${percent(Math.abs(fraction), 1)}`;
  return (
    <span
      className={styles.change}
      data-tip={`${words} from ${moneyExact(from, currency)} ${span(overMs)} ago${since === null ? "" : ", the first figure of the day"}`}
    >
      <b data-direction={direction} aria-hidden="true">
        {level ? "●" : fraction > 0 ? "▲" : "▼"}
      </b>
      <span className="visually-hidden">{words}</span>
      <b data-direction={direction} aria-hidden={!level}>
        {percent(Math.abs(fraction), 1)}
      </b>{" "}
      {since === null ? `in ${span(overMs)}` : `since ${clock(since).slice(0, 5)}`}
    </span>
  );
}
