import { ActionIcon, Button, TextInput } from "@mantine/core";
import { useId } from "react";
import { blankLine, type Line } from "../risk/ticket.ts";
import { useSampledPortfolio } from "../store/portfolio.ts";
import styles from "./Lines.module.css";

interface Props {
  lines: readonly Line[];
  setLines: (lines: readonly Line[]) => void;
  /** What a line is, and what its number is. */
  what: string;
  amount: string;
  placeholder: string;
  /** What stands where the symbol will. */
  names?: string;
  faultOf?: (line: Line) => string | null;
}

/** Symbols with a number beside each, typed line by line; the positions of the book are offered. */
export function Lines({ lines, setLines, what, faultOf, ...words }: Props) {
  const listId = useId();
  const positions = useSampledPortfolio(2000)?.snapshot?.positions ?? [];
  const amend = (id: string, part: Partial<Line>) =>
    setLines(lines.map((line) => (line.id === id ? { ...line, ...part } : line)));
  const remove = (id: string) => {
    const left = lines.filter((line) => line.id !== id);
    setLines(left.length === 0 ? [blankLine()] : left);
  };
  return (
    <div className={styles.lines}>
      <datalist id={listId}>
        {positions.map(({ symbol }) => (
          <option key={symbol} value={symbol} />
        ))}
      </datalist>
      {lines.map((line, i) => (
        <One
          key={line.id}
          {...{ line, listId, amend, remove, what, ...words }}
          place={i + 1}
          fault={faultOf?.(line) ?? null}
        />
      ))}
      <Button size="compact-xs" variant="default" onClick={() => setLines([...lines, blankLine()])}>
        Add a {what}
      </Button>
    </div>
  );
}

interface OneProps extends Pick<Props, "what" | "amount" | "placeholder" | "names"> {
  line: Line;
  listId: string;
  place: number;
  fault: string | null;
  amend: (id: string, part: Partial<Line>) => void;
  remove: (id: string) => void;
}

function One({ line, listId, place, fault, amend, remove, ...words }: OneProps) {
  const { what, amount, placeholder, names = "Symbol" } = words;
  return (
    <div className={styles.line}>
      <TextInput
        size="xs"
        aria-label={`Symbol ${place}`}
        placeholder={names}
        list={listId}
        value={line.symbol}
        onChange={(event) => amend(line.id, { symbol: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        aria-label={`${amount} ${place}`}
        placeholder={placeholder}
        inputMode="decimal"
        value={line.quantity}
        onChange={(event) => amend(line.id, { quantity: event.currentTarget.value })}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        size={26}
        aria-label={`Take ${what} ${place} out`}
        onClick={() => remove(line.id)}
      >
        ×
      </ActionIcon>
      {fault !== null && <small className={styles.fault}>{fault}</small>}
    </div>
  );
}
