/** Waiting time before attempt `attempt` (0, 1, 2, …): doubling from half a second to 15 s, ±25 % so that tabs spread. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(15_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.75 + random() * 0.5));
}
