/** Ternary data: which tensors hold nothing but -1, 0 and 1, and how many of each. */

import type { Tensor } from './tensor.ts';

/** True for a float32 tensor whose elements are all -1, 0 or 1. */
export function isTernary(tensor: Tensor): boolean {
  if (tensor.dtype !== 'float32') return false;
  const data = tensor.data as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v !== 0 && v !== 1 && v !== -1) return false;
  }
  return true;
}

/** How many elements of a ternary tensor are -1, 0 and 1. */
export function countTernary(tensor: Tensor): { minus: number; zero: number; plus: number } {
  const data = tensor.data as Float32Array;
  let minus = 0;
  let plus = 0;
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < 0) minus++;
    else if (data[i]! > 0) plus++;
  }
  return { minus, zero: data.length - minus - plus, plus };
}
