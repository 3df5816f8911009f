/** Steps of filters in few bits: the one scale whose multiples a filter's weights are stored as. */

import { roundEven } from '../ops/arithmetic/numbers.ts';

/** Steps that are tried for few bits, as parts of the one that reaches the largest weight. */
const clippings = Array.from({ length: 13 }, (_, i) => 1 - 0.04 * i);

/** How far from a multiple, in steps, a weight is that was one before it became float32. */
const multipleTolerance = 1e-3;

/** Integers of `bits` bits are from minus this to this: symmetric. */
export const largestOf = (bits: number) => 2 ** (bits - 1) - 1;

/** The multiple of `step` that is nearest to a weight, in steps, within -`largest` .. `largest`. */
export const roundWeight = (weight: number, step: number, largest: number) =>
  Math.max(-largest, Math.min(largest, roundEven(weight / step)));

/**
 * The step of a filter, above 0: the one that its weights are multiples of already; else its largest weight over the largest
 * integer, of fewer than 7 bits a smaller one where clipping what lies beyond makes the sum of squared errors less. 1 for
 * weights of 0.
 */
export function stepOf(row: Float32Array, bits: number): number {
  const reach = row.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  const widest = Math.fround(reach / largestOf(bits));
  if (widest < 2 ** -126) return 1;
  if (bits > 8) return widest;
  return multipleOf(row, reach, bits) ?? (bits < 7 ? clip(row, widest, bits) : widest);
}

/** The step that all weights are multiples of, within the bits; undefined where there is none. */
function multipleOf(row: Float32Array, reach: number, bits: number): number | undefined {
  for (let most = largestOf(bits); most > 0; most--) {
    const step = Math.fround(reach / most);
    if (row.every((w) => Math.abs(w / step - Math.round(w / step)) < multipleTolerance)) return step;
  }
  return undefined;
}

function clip(row: Float32Array, widest: number, bits: number): number {
  let [best, least] = [widest, Number.POSITIVE_INFINITY];
  for (const clipping of clippings) {
    const step = Math.fround(widest * clipping);
    const error = row.reduce((sum, w) => sum + (w - step * roundWeight(w, step, largestOf(bits))) ** 2, 0);
    if (error >= least) continue;
    [best, least] = [step, error];
  }
  return best;
}
