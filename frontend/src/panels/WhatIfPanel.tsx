import { Button } from "@mantine/core";
import { useState } from "react";
import { useChosen } from "../app/view.ts";
import { askWhatIf, bookTrades } from "../client/http.ts";
import { Message } from "../parts/Message.tsx";
import { Panel } from "../parts/Panel.tsx";
import { isSum } from "../risk/sums.ts";
import { blankLine, candidatesOf, faultOf, filled, type Line } from "../risk/ticket.ts";
import { Lines } from "./Lines.tsx";
import { useAsked, wordsOf } from "./useAsked.ts";
import styles from "./WhatIf.module.css";
import { Answer } from "./WhatIfAnswer.tsx";

/** Trades that might be done, what they would do to the risk, and the way to do them. */
export function WhatIfPanel() {
  const { portfolio, change } = useChosen();
  const [lines, setLines] = useState<readonly Line[]>(() => [blankLine()]);
  const trades = candidatesOf(lines);
  const { answer, error } = useAsked(trades === null ? null : JSON.stringify(trades), (signal) =>
    askWhatIf(portfolio, trades ?? [], signal),
  );
  return (
    <Panel
      area="auto"
      title="What if"
      note={`in ${portfolio}; nothing is booked by asking`}
      actions={
        <Button size="compact-xs" variant="subtle" onClick={() => change({ whatIf: false })}>
          Close
        </Button>
      }
    >
      <div className={styles.sheet}>
        <Lines
          {...{ lines, setLines, faultOf }}
          what="trade"
          amount="Quantity"
          placeholder="Quantity, − sells"
        />
        {error !== null && (
          <p className={styles.error} role="alert">
            {error}
          </p>
        )}
        {answer === null ? <Invitation asked={trades !== null} /> : <Answer answer={answer} />}
        {trades !== null && isSum(portfolio) && (
          <p className={styles.note}>{portfolio} is a sum: choose one of its portfolios to book there</p>
        )}
        {trades !== null && !isSum(portfolio) && (
          <Booking {...{ portfolio, lines }} onBooked={() => setLines([blankLine()])} />
        )}
      </div>
    </Panel>
  );
}

const Invitation = ({ asked }: { asked: boolean }) => (
  <Message title={asked ? "Asking…" : "Name a trade"}>
    {asked ? null : "VaR and ES before and after, and the positions whose part moves most."}
  </Message>
);

interface BookingProps {
  portfolio: string;
  lines: readonly Line[];
  onBooked: () => void;
}

type Stage = "idle" | "sure" | "sending" | "booked";

function Booking({ portfolio, lines, onBooked }: BookingProps) {
  const [stage, setStage] = useState<Stage>("idle");
  const [error, setError] = useState<string | null>(null);
  const held = filled(lines);
  const what = held.length === 1 ? "this trade" : `these ${held.length} trades`;
  const book = async () => {
    setStage("sending");
    try {
      const trades = candidatesOf(held) ?? [];
      await bookTrades(trades.map((trade, i) => ({ ...trade, trade_id: held[i]?.id ?? "", portfolio })));
      setError(null);
      setStage("booked");
      onBooked();
    } catch (failure) {
      setStage("idle");
      setError(wordsOf(failure));
    }
  };
  return (
    <div className={styles.booking}>
      {stage === "sure" ? (
        <>
          <span>
            Book {what} in {portfolio}?
          </span>
          <Button size="compact-xs" onClick={() => void book()}>
            Yes, book
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => setStage("idle")}>
            No
          </Button>
        </>
      ) : (
        <Button
          size="compact-xs"
          variant="default"
          loading={stage === "sending"}
          onClick={() => setStage("sure")}
        >
          Book {what}…
        </Button>
      )}
      {error !== null && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
