/** Medians of times, and of ratios that are formed within rounds. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How many times as long `other` took as `ours`, round by round: both saw the same state of the machine. */
export const medianRatio = (other: readonly number[], ours: readonly number[]): number =>
  median(other.map((latency, round) => latency / ours[round]!));
