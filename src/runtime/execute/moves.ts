/** Steps that move elements between planes, and Softmax, which looks at them in rows. */

import { elementCount } from '../../ir/index.ts';
import { eachRow } from '../../ops/arithmetic/move.ts';
import { runDense } from '../dense/kernel.ts';
import { type ElementType, planeStride } from '../kernels/kernels.ts';
import type { ChannelsCall, DenseCall, MoveCall, PadCall, PlanesAt, SoftmaxCall } from '../plan/steps.ts';

type Memory = WebAssembly.Memory;
type Elements = Float32Array | Int8Array;

export const elementsAt = (memory: Memory, type: ElementType, address: number, count: number): Elements =>
  type === 'int8' ? new Int8Array(memory.buffer, address, count) : new Float32Array(memory.buffer, address, count);

/** Planes to elements in a row. */
export function readPlanes(memory: Memory, type: ElementType, { address, channels, pixels }: PlanesAt): Elements {
  const stride = planeStride(pixels);
  const planes = elementsAt(memory, type, address, channels * stride);
  const row = type === 'int8' ? new Int8Array(channels * pixels) : new Float32Array(channels * pixels);
  if (pixels === 1) for (let c = 0; c < channels; c++) row[c] = planes[c * stride]!;
  else for (let c = 0; c < channels; c++) row.set(planes.subarray(c * stride, c * stride + pixels), c * pixels);
  return row;
}

/** Elements in a row to planes; `add` is added to each. */
export function writePlanes(
  memory: Memory,
  type: ElementType,
  { address, channels, pixels }: PlanesAt,
  row: ArrayLike<number>,
  add = 0,
): void {
  const stride = planeStride(pixels);
  const planes = elementsAt(memory, type, address, channels * stride);
  // as bytes: a loop that is not compiled yet takes longer than the first layers
  if (add === 0 && pixels > 1 && row.constructor === planes.constructor) {
    const own = row as Elements;
    for (let c = 0; c < channels; c++) planes.set(own.subarray(c * pixels, (c + 1) * pixels), c * stride);
    return;
  }
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < pixels; p++) planes[c * stride + p] = row[c * pixels + p]! + add;
  }
}

export function move(memory: Memory, { type, x, y, dims, strides, offset }: MoveCall): void {
  const from = readPlanes(memory, type, x);
  const width = dims.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  const row = type === 'int8' ? new Int8Array(elementCount(dims)) : new Float32Array(elementCount(dims));
  eachRow(dims.length > 0 ? dims : [1], strides, offset, (index, source) => {
    for (let i = 0; i < width; i++) row[index * width + i] = from[source + i * step]!;
  });
  writePlanes(memory, type, y, row);
}

export function channels(memory: Memory, call: ChannelsCall, from: number, to: number): void {
  const bytes = planeStride(call.pixels) * (call.type === 'int8' ? 1 : 4);
  const all = new Uint8Array(memory.buffer);
  for (let c = from; c < to; c++) {
    const start = call.x + call.indices[c]! * bytes;
    all.copyWithin(call.y + c * bytes, start, start + bytes);
  }
}

export function pad(memory: Memory, call: PadCall, from: number, to: number): void {
  const { height, width, pads, pixels, type } = call;
  const [top, left, , right] = pads;
  const outWidth = left + width + right;
  const [stride, outStride] = [planeStride(height * width), planeStride(pixels)];
  const x = elementsAt(memory, type, call.x, call.inputs * stride);
  const y = elementsAt(memory, type, call.y, call.channels * outStride);
  for (let c = from; c < to; c++) {
    y.fill(call.value, c * outStride, c * outStride + pixels);
    const source = c - call.before;
    if (source < 0 || source >= call.inputs) continue;
    for (let row = 0; row < height; row++) {
      const start = source * stride + row * width;
      y.set(x.subarray(start, start + width), c * outStride + (top + row) * outWidth + left);
    }
  }
}

export function softmax(memory: Memory, { x, y, size, inner, isLog }: SoftmaxCall): void {
  const row = readPlanes(memory, 'float32', x);
  const outer = row.length / (size * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * size * inner + i;
      const end = start + size * inner;
      let most = -Infinity;
      for (let k = start; k < end; k += inner) most = Math.max(most, row[k]!);
      let sum = 0;
      for (let k = start; k < end; k += inner) sum += Math.exp(row[k]! - most);
      const log = Math.log(sum);
      for (let k = start; k < end; k += inner) {
        row[k] = isLog ? row[k]! - most - log : Math.exp(row[k]! - most) / sum;
      }
    }
  }
  writePlanes(memory, 'float32', y, row);
}

export function dense(memory: Memory, { kernel, operands, y }: DenseCall): void {
  const elements = operands.map((operand) => {
    if ('count' in operand) return new Float32Array(memory.buffer, operand.address, operand.count);
    return readPlanes(memory, 'float32', operand) as Float32Array;
  });
  const row = new Float32Array(y.channels * y.pixels);
  runDense(kernel, elements, row);
  writePlanes(memory, 'float32', y, row);
}
