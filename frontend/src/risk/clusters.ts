/** The order in which instruments that move together stand together. */

type Matrix = readonly (readonly (number | null)[])[];

interface Cluster {
  members: number[];
}

/** The mean correlation of two clusters' members; what is not defined counts as none. */
function likeness(matrix: Matrix, one: Cluster, other: Cluster): number {
  let sum = 0;
  for (const i of one.members) for (const j of other.members) sum += matrix[i]?.[j] ?? 0;
  return sum / (one.members.length * other.members.length);
}

/**
 * Average linkage: the two likest clusters are joined, end to end, until one is left. O(n³) for n instruments, and n is
 * at most a hundred here.
 */
export function clusteredOrder(matrix: Matrix): number[] {
  let clusters: Cluster[] = matrix.map((_, i) => ({ members: [i] }));
  const likenesses = matrix.map((row) => row.map((value) => value ?? 0));
  while (clusters.length > 1) {
    let best: [number, number] = [0, 1];
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < clusters.length; i += 1) {
      for (let j = i + 1; j < clusters.length; j += 1) {
        const value = likenesses[i]?.[j] ?? 0;
        if (value > most) [most, best] = [value, [i, j]];
      }
    }
    clusters = joined(clusters, best);
    relate(matrix, clusters, likenesses, best);
  }
  return clusters[0]?.members ?? [];
}

function joined(clusters: readonly Cluster[], [i, j]: [number, number]): Cluster[] {
  const members = [...(clusters[i]?.members ?? []), ...(clusters[j]?.members ?? [])];
  return clusters.map((cluster, k) => (k === i ? { members } : cluster)).filter((_, k) => k !== j);
}

/** Brings the likenesses up to date where two clusters became one. */
function relate(
  matrix: Matrix,
  clusters: readonly Cluster[],
  held: number[][],
  [i, j]: [number, number],
): void {
  held.splice(j, 1);
  for (const row of held) row.splice(j, 1);
  const merged = clusters[i];
  if (merged === undefined) return;
  clusters.forEach((cluster, k) => {
    if (k === i) return;
    const value = likeness(matrix, merged, cluster);
    const [one, other] = [held[i], held[k]];
    if (one !== undefined) one[k] = value;
    if (other !== undefined) other[i] = value;
  });
}

export interface Pair {
  one: number;
  other: number;
  correlation: number;
}

/** The pairs that move most together, or most against each other. */
export function strongestPairs(matrix: Matrix, most: number): Pair[] {
  const pairs: Pair[] = [];
  matrix.forEach((row, one) => {
    row.forEach((correlation, other) => {
      if (other > one && correlation !== null) pairs.push({ one, other, correlation });
    });
  });
  return pairs.sort((a, b) => Math.abs(b.correlation) - Math.abs(a.correlation)).slice(0, most);
}
