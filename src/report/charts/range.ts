/** The range that an axis has to show. */

/** The range of the finite values, widened where they are all the same. */
export function findRange(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const margin = high > low ? 0 : 0.05 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}
