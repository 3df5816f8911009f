/** A program in its memory: constants written, images copied in, results copied out. */

import { readPlanes, writePlanes } from './execute/moves.ts';
import type { Kernels } from './kernels/kernels.ts';
import type { Port, Program } from './plan/plan.ts';
import type { Tensor } from './tensor.ts';

export function writeConstants(memory: WebAssembly.Memory, constants: Program['constants']): void {
  const bytes = new Uint8Array(memory.buffer);
  for (const constant of constants) bytes.set(constant.bytes, constant.address);
}

/** Copies image `index` of a batch to its planes; uint8 becomes int8 by subtracting 128. */
export function writeInput(kernels: Kernels, { planes, dtype }: Port, tensor: Tensor, index: number): void {
  const length = planes.channels * planes.pixels;
  const data = tensor.data.length === length ? tensor.data : tensor.data.subarray(index * length, (index + 1) * length);
  writePlanes(kernels.memory, dtype === 'float32' ? 'float32' : 'int8', planes, data, dtype === 'uint8' ? -128 : 0);
}

/** The elements of an output for one image. */
export function readOutput(kernels: Kernels, { planes, dtype }: Port): Float32Array | Int8Array | Uint8Array {
  const elements = readPlanes(kernels.memory, dtype === 'float32' ? 'float32' : 'int8', planes);
  return dtype === 'uint8' ? Uint8Array.from(elements, (v) => v + 128) : elements;
}
