/** Functions of one number between two quantizations, as a table. */

import { compileFunctions, type UnaryFunction } from '../../ops/arithmetic/functions.ts';
import { roundEven } from '../../ops/arithmetic/numbers.ts';
import type { Quantization } from '../lower/operand.ts';

/** y = round(f(scale * (x - zeroPoint)) / y.scale) + y.zeroPoint for x = -128 .. 127; the functions one after another. */
export function tableOf(x: Quantization, functions: readonly UnaryFunction[], y: Quantization): Int8Array {
  const f = compileFunctions(functions);
  return Int8Array.from({ length: 256 }, (_, i) => {
    const value = Math.fround(f(Math.fround(Math.fround(x.scale) * (i - 128 - x.zeroPoint))));
    const q = roundEven(Math.fround(value / Math.fround(y.scale))) + y.zeroPoint;
    return Math.min(Math.max(q, -128), 127);
  });
}
