import { Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { signIn } from "../client/http.ts";
import { Mark } from "../parts/icons.tsx";
import { useLive } from "../store/hooks.ts";
import styles from "./NoPortfolio.module.css";
import { wordsOf } from "./useAsked.ts";

/** The page for somebody whom the server does not know. */
export function SignIn() {
  const { session } = useLive();
  const [token, setToken] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const enter = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await signIn(token.trim());
      setError(null);
      session.retryNow();
    } catch (failure) {
      setError(wordsOf(failure));
    }
    setBusy(false);
  };
  return (
    <main className={styles.page}>
      <div className={styles.mark}>
        <Mark />
      </div>
      <h1>tailwatch</h1>
      <p>
        This server asks for an access token. Whoever runs it makes one with <code>tailwatch token</code>.
      </p>
      <form className={styles.form} onSubmit={(event) => void enter(event)}>
        <PasswordInput
          size="sm"
          aria-label="Access token"
          placeholder="Access token"
          autoComplete="current-password"
          value={token}
          error={error}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
        <Button size="sm" type="submit" loading={busy} disabled={token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
