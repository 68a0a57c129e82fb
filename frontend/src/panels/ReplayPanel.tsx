import { Button, Progress, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { fetchReplay, steerReplay } from "../client/http.ts";
import type { Replay } from "../client/types.ts";
import { count, percent } from "../format/number.ts";
import { clock, day, momentOf, utc } from "../format/time.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import styles from "./Replay.module.css";
import { useAsked, wordsOf } from "./useAsked.ts";

const AGAIN_MS = 1000;
const SPEEDS = ["1x", "10x", "100x", "max"];
const STATES: Record<Replay["state"], string> = {
  running: "running",
  paused: "paused",
  ended: "at its end",
  away: "no program reads it any more",
};

/** How far the recording is that is shown, how fast it goes, and a hand on both; no figure depends on it. */
export function ReplayPanel() {
  const [steered, setSteered] = useState(0);
  const { answer, error } = useAsked(`replay ${steered}`, fetchReplay, AGAIN_MS);
  const [refusal, setRefusal] = useState<string | null>(null);
  const steer = async (wanted: Parameters<typeof steerReplay>[0]) => {
    try {
      await steerReplay(wanted);
      setRefusal(null);
    } catch (failure) {
      setRefusal(wordsOf(failure));
    }
    setSteered(steered + 1);
  };
  return (
    <Panel area="replay" title="Replay" note={answer === null ? "" : STATES[answer.state]}>
      {answer === null ? (
        <Message title={error === null ? "Asking…" : "Not known"}>{error}</Message>
      ) : (
        <div className={styles.replay}>
          <Way replay={answer} />
          {(answer.state === "running" || answer.state === "paused") && (
            <Hand replay={answer} steer={(wanted) => void steer(wanted)} />
          )}
          {refusal !== null && (
            <p className={styles.refusal} role="alert">
              {refusal}
            </p>
          )}
        </div>
      )}
    </Panel>
  );
}

function Way({ replay: { fraction, event_time, ticks } }: { replay: Replay }) {
  const moment = event_time === null ? null : momentOf(event_time);
  return (
    <>
      <Progress value={100 * fraction} aria-label="Read of the recording" />
      <p className={styles.way}>
        <b data-tip={percent(fraction, 4)}>{percent(fraction, 1)}</b>
        <span>{count(ticks)} ticks</span>
        {moment !== null && (
          <span data-tip={utc(event_time ?? "")}>
            {day(moment)}, {clock(moment)}
          </span>
        )}
      </p>
    </>
  );
}

interface HandProps {
  replay: Replay;
  steer: (wanted: Parameters<typeof steerReplay>[0]) => void;
}

function Hand({ replay: { speed, paused }, steer }: HandProps) {
  const speeds = SPEEDS.includes(speed) ? SPEEDS : [speed, ...SPEEDS];
  return (
    <div className={`${styles.hand} not-printed`}>
      <Button size="compact-xs" variant="default" onClick={() => steer({ paused: !paused })}>
        {paused ? "Go on" : "Pause"}
      </Button>
      <SegmentedControl
        size="xs"
        aria-label="Speed"
        data={speeds}
        value={speed}
        onChange={(wanted) => steer({ speed: wanted })}
      />
    </div>
  );
}
