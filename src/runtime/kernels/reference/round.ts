/** Rounding of the kernels, exactly as they do it: results are defined to the bit where outputs are int8. */

import { roundEven } from '../../../ops/arithmetic/numbers.ts';
import type { Epilogue, Float32Epilogue, Int8Epilogue } from '../kernels.ts';

/** clamp(round(x) + zeroPoint, lower, upper); NaN becomes the lower bound. */
export function requantize(x: number, zeroPoint: number, lower: number, upper: number): number {
  const y = roundEven(x) + zeroPoint;
  return y > lower ? Math.min(y, upper) : lower;
}

/** What an epilogue makes of the sum of one row. */
export type Finish = (sum: number, row: number) => number;

/** The epilogue as a function, its arrays read from the memory. */
export function finishWith(epilogue: Epilogue, memory: ArrayBufferLike, rows: number): Finish {
  return epilogue.type === 'int8' ? finishInt8(epilogue, memory, rows) : finishFloat32(epilogue, memory, rows);
}

function finishInt8(epilogue: Int8Epilogue, memory: ArrayBufferLike, rows: number): Finish {
  const { zeroPoint, lower, upper } = epilogue;
  const biases = new Int32Array(memory, epilogue.biases, rows);
  const multipliers = new Float32Array(memory, epilogue.multipliers, rows);
  return (sum, row) => {
    const total = Math.fround((sum + biases[row]!) | 0);
    return requantize(Math.fround(total * multipliers[row]!), zeroPoint, lower, upper);
  };
}

function finishFloat32(epilogue: Float32Epilogue, memory: ArrayBufferLike, rows: number): Finish {
  const { lower, upper } = epilogue;
  const biases = new Float32Array(memory, epilogue.biases, rows);
  const multipliers = epilogue.multipliers === 0 ? undefined : new Float32Array(memory, epilogue.multipliers, rows);
  const uppers = typeof upper === 'number' ? undefined : new Float32Array(memory, upper.address, rows);
  return (sum, row) => {
    const y = Math.fround(sum * (multipliers?.[row] ?? 1) + biases[row]!);
    return Math.min(Math.max(y, lower), uppers?.[row] ?? (upper as number));
  };
}
