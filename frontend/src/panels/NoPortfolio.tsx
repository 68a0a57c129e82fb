import { Button, Loader } from "@mantine/core";
import { Mark } from "../parts/icons.tsx";
import { useLive, useShown } from "../store/hooks.ts";
import type { State } from "../store/state.ts";
import styles from "./NoPortfolio.module.css";

const errorOf = (state: State) => state.listError;
const idsOf = (state: State) => state.portfolioIds;

/** The page before there is anything to choose: loading, unreachable, or no portfolio at all. */
export function NoPortfolio() {
  const error = useShown(errorOf);
  const ids = useShown(idsOf);
  const { session } = useLive();
  return (
    <main className={styles.page}>
      <div className={styles.mark}>
        <Mark />
      </div>
      <h1>tailwatch</h1>
      {error !== null ? (
        <>
          <p role="alert">The server does not answer: {error}. Trying again by itself.</p>
          <Button size="xs" variant="default" onClick={session.retryNow}>
            Try now
          </Button>
        </>
      ) : ids === null ? (
        <Loader size="sm" type="dots" color="gray" aria-label="Loading" />
      ) : (
        <p>
          There is no portfolio yet. Start tailwatch with <code>--positions book.csv</code>; it appears here
          by itself.
        </p>
      )}
    </main>
  );
}
