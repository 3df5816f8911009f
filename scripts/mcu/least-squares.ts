/** Coefficients that are not negative: what a loop costs is more than nothing. */

/**
 * x >= 0 with the least sum of squares of `rows[i] . x - values[i]`, by coordinate descent. Rows are those of a matrix of
 * few columns.
 */
export function nonNegativeLeastSquares(rows: readonly (readonly number[])[], values: readonly number[]): number[] {
  const columns = rows[0]?.length ?? 0;
  // columns of length 1, so that one tolerance fits all
  const lengths = Array.from({ length: columns }, (_, j) => Math.hypot(...rows.map((row) => row[j]!)) || 1);
  const gram = lengths.map((a, j) =>
    lengths.map((b, k) => rows.reduce((sum, row) => sum + row[j]! * row[k]!, 0) / (a * b)),
  );
  const target = lengths.map((a, j) => rows.reduce((sum, row, i) => sum + row[j]! * values[i]!, 0) / a);
  const x = new Array<number>(columns).fill(0);
  for (let round = 0; round < 200_000; round++) {
    let most = 0;
    for (let j = 0; j < columns; j++) {
      const diagonal = gram[j]![j]!;
      if (diagonal === 0) continue;
      const slope = gram[j]!.reduce((sum, g, k) => sum + g * x[k]!, 0) - target[j]!;
      const next = Math.max(0, x[j]! - slope / diagonal);
      most = Math.max(most, Math.abs(next - x[j]!));
      x[j] = next;
    }
    if (most < 1e-10) break;
  }
  return x.map((v, j) => v / lengths[j]!);
}
