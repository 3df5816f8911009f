/**
 * Ternary data: which tensors hold nothing but -1, 0 and 1, and how many of each. Tensors do not change once they are
 * made, so that each is looked through once.
 */

import type { Tensor } from './tensor.ts';

/** How many elements of a ternary tensor are -1, 0 and 1. */
export interface TernaryCounts {
  readonly minus: number;
  readonly zero: number;
  readonly plus: number;
}

const known = new WeakMap<Tensor, TernaryCounts | null>();

function count({ dtype, data }: Tensor): TernaryCounts | null {
  if (dtype !== 'float32') return null;
  const values = data as Float32Array;
  let minus = 0;
  let plus = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === 0) continue;
    if (value === 1) plus++;
    else if (value === -1) minus++;
    else return null;
  }
  return { minus, zero: values.length - minus - plus, plus };
}

function counted(tensor: Tensor): TernaryCounts | null {
  const before = known.get(tensor);
  if (before !== undefined) return before;
  const counts = count(tensor);
  known.set(tensor, counts);
  return counts;
}

/** True for a float32 tensor whose elements are all -1, 0 or 1. */
export const isTernary = (tensor: Tensor): boolean => counted(tensor) !== null;

/** The counts of a ternary tensor; any other is a broken invariant. */
export function countTernary(tensor: Tensor): TernaryCounts {
  const counts = counted(tensor);
  if (!counts) throw new Error(`internal: a tensor [${tensor.dims.join(', ')}] is not ternary`);
  return counts;
}
