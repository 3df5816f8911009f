/** Kernels without a window: the sum of two quantized tensors, quantization and its inverse. */

import type { AddInt8Call, QuantizeCall } from '../kernels.ts';
import { requantize } from './round.ts';

const { fround } = Math;

export function addInt8(memory: WebAssembly.Memory, call: AddInt8Call): void {
  const a = new Int8Array(memory.buffer, call.a, call.count);
  const b = new Int8Array(memory.buffer, call.b, call.count);
  const y = new Int8Array(memory.buffer, call.y, call.count);
  const [aScale, bScale, scale] = call.scales.map(fround) as [number, number, number];
  const [aZero, bZero, zeroPoint] = call.zeroPoints;
  for (let i = 0; i < call.count; i++) {
    const sum = fround(fround(aScale * (a[i]! - aZero)) + fround(bScale * (b[i]! - bZero)));
    y[i] = requantize(fround(sum / scale), zeroPoint, call.lower, call.upper);
  }
}

export function quantize(memory: WebAssembly.Memory, call: QuantizeCall): void {
  const x = new Float32Array(memory.buffer, call.x, call.count);
  const y = new Int8Array(memory.buffer, call.y, call.count);
  const scale = fround(call.scale);
  for (let i = 0; i < call.count; i++) y[i] = requantize(fround(x[i]! / scale), call.zeroPoint, -128, 127);
}

export function dequantize(memory: WebAssembly.Memory, call: QuantizeCall): void {
  const x = new Int8Array(memory.buffer, call.x, call.count);
  const y = new Float32Array(memory.buffer, call.y, call.count);
  const scale = fround(call.scale);
  for (let i = 0; i < call.count; i++) y[i] = scale * (x[i]! - call.zeroPoint);
}
