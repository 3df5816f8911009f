/** Ternary data: which tensors hold nothing but -1, 0 and 1, and how many of each. */

import type { Tensor } from './tensor.ts';

/** True for a float32 tensor whose elements are all -1, 0 or 1. */
export function isTernary(tensor: Tensor): boolean {
  return tensor.dtype === 'float32' && (tensor.data as Float32Array).every((v) => v === 0 || v === 1 || v === -1);
}

/** How many elements of a ternary tensor are -1, 0 and 1. */
export function countTernary(tensor: Tensor): { minus: number; zero: number; plus: number } {
  const counts = { minus: 0, zero: 0, plus: 0 };
  for (const v of tensor.data as Float32Array) counts[v < 0 ? 'minus' : v > 0 ? 'plus' : 'zero']++;
  return counts;
}
