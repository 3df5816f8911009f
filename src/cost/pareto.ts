/** Pareto fronts: which of many points are worth a look. */

/**
 * For each point, whether it is on the front: no other is at most as large in all objectives, and smaller in one. All
 * objectives are minimised (negate what is to be large), and equal points are on the front together or not at all. A
 * point with an objective that is not a number compares with none, and so stays.
 */
export function paretoFront<T>(points: readonly T[], objectives: readonly ((point: T) => number)[]): boolean[] {
  const rows = points.map((point) => objectives.map((objective) => objective(point)));
  const dominates = (a: readonly number[], b: readonly number[]) =>
    a.every((value, i) => value <= b[i]!) && a.some((value, i) => value < b[i]!);
  return rows.map((row) => !rows.some((other) => dominates(other, row)));
}
