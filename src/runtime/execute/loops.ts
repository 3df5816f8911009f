/** Steps on single elements that have no kernel: plain loops over the planes of the memory. */

import { compileFunctions } from '../../ops/arithmetic/functions.ts';
import { planeStride } from '../kernels/kernels.ts';
import type { BinaryOp } from '../lower/layers.ts';
import type { AffineCall, BinaryCall, TableCall, UnaryCall } from '../plan/steps.ts';

type Memory = WebAssembly.Memory;

const floats = (memory: Memory, address: number, count: number) => new Float32Array(memory.buffer, address, count);

/** One upper bound for all channels, or one for each. */
function uppersOf(memory: Memory, upper: AffineCall['upper'], channels: number): (channel: number) => number {
  if (typeof upper === 'number') return () => upper;
  const values = floats(memory, upper.address, channels);
  return (channel) => values[channel]!;
}

export function affine(memory: Memory, call: AffineCall, from: number, to: number): void {
  const { channels, pixels, lower } = call;
  const stride = planeStride(pixels);
  const x = floats(memory, call.x, channels * stride);
  const y = floats(memory, call.y, channels * stride);
  const multipliers = floats(memory, call.multipliers, channels);
  const biases = floats(memory, call.biases, channels);
  const upperOf = uppersOf(memory, call.upper, channels);
  for (let c = from; c < to; c++) {
    const [m, b, upper] = [multipliers[c]!, biases[c]!, upperOf(c)];
    for (let i = c * stride; i < c * stride + pixels; i++) y[i] = Math.min(Math.max(x[i]! * m + b, lower), upper);
  }
}

export function unary(memory: Memory, call: UnaryCall, from: number, to: number): void {
  const stride = planeStride(call.pixels);
  const x = floats(memory, call.x, call.channels * stride);
  const y = floats(memory, call.y, call.channels * stride);
  const [only, ...others] = call.functions;
  // the two that MobileNet-V3 is full of: a call for each element would cost more than the function
  const isSwish = only?.op === 'HardSwish' && others.length === 0;
  const f = compileFunctions(call.functions);
  for (let c = from; c < to; c++) {
    const end = c * stride + call.pixels;
    if (isSwish) {
      for (let i = c * stride; i < end; i++) y[i] = x[i]! * Math.min(Math.max(x[i]! / 6 + 0.5, 0), 1);
    } else for (let i = c * stride; i < end; i++) y[i] = f(x[i]!);
  }
}

export function table(memory: Memory, call: TableCall, from: number, to: number): void {
  const stride = planeStride(call.pixels);
  const x = new Int8Array(memory.buffer, call.x, call.channels * stride);
  const y = new Int8Array(memory.buffer, call.y, call.channels * stride);
  const values = new Int8Array(memory.buffer, call.table, 256);
  for (let i = from * stride; i < to * stride; i++) y[i] = values[x[i]! + 128]!;
}

type Combine = (
  a: Float32Array,
  b: Float32Array,
  y: Float32Array,
  from: number,
  to: number,
  step: 0 | 1,
  at: number,
) => void;

/** A loop for each operator; `b` moves by `step` from `at`. */
const combiners: { readonly [K in BinaryOp]: Combine } = {
  Add: (a, b, y, from, to, step, at) => {
    for (let i = from, k = at; i < to; i++, k += step) y[i] = a[i]! + b[k]!;
  },
  Sub: (a, b, y, from, to, step, at) => {
    for (let i = from, k = at; i < to; i++, k += step) y[i] = a[i]! - b[k]!;
  },
  Mul: (a, b, y, from, to, step, at) => {
    for (let i = from, k = at; i < to; i++, k += step) y[i] = a[i]! * b[k]!;
  },
  Div: (a, b, y, from, to, step, at) => {
    for (let i = from, k = at; i < to; i++, k += step) y[i] = a[i]! / b[k]!;
  },
  Min: (a, b, y, from, to, step, at) => {
    for (let i = from, k = at; i < to; i++, k += step) y[i] = Math.min(a[i]!, b[k]!);
  },
  Max: (a, b, y, from, to, step, at) => {
    for (let i = from, k = at; i < to; i++, k += step) y[i] = Math.max(a[i]!, b[k]!);
  },
  PRelu: (a, b, y, from, to, step, at) => {
    for (let i = from, k = at; i < to; i++, k += step) y[i] = a[i]! < 0 ? a[i]! * b[k]! : a[i]!;
  },
};

export function binary(memory: Memory, call: BinaryCall, from: number, to: number): void {
  const { channels, pixels, lower, isPerChannel } = call;
  const stride = planeStride(pixels);
  const smallStride = isPerChannel ? planeStride(1) : stride;
  const a = floats(memory, call.a, channels * stride);
  const b = floats(memory, call.b, channels * smallStride);
  const y = floats(memory, call.y, channels * stride);
  const upperOf = uppersOf(memory, call.upper, channels);
  const combine = combiners[call.operator];
  for (let c = from; c < to; c++) {
    const start = c * stride;
    combine(a, b, y, start, start + pixels, isPerChannel ? 0 : 1, c * smallStride);
    const upper = upperOf(c);
    if (lower === -Infinity && upper === Infinity) continue;
    for (let i = start; i < start + pixels; i++) y[i] = Math.min(Math.max(y[i]!, lower), upper);
  }
}
