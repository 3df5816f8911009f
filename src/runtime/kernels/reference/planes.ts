/** Kernels that slide a window over planes: depthwise convolution, patches, pooling. */

import {
  type DepthwiseCall,
  type PatchesCall,
  type PlanesCall,
  type PoolCall,
  planeStride,
  type Window,
} from '../kernels.ts';
import { finishWith, requantize } from './round.ts';
import { elementsAt } from './views.ts';

/** Calls `visit` for each tap of the window of one output pixel; `pixel` is -1 outside of the image. */
function forTaps(call: PlanesCall, p: number, visit: (tap: number, pixel: number) => void): void {
  const { window } = call;
  const [kh, kw] = window.kernel;
  const top = Math.floor(p / call.outWidth) * window.strides[0] - window.pads[0];
  const left = (p % call.outWidth) * window.strides[1] - window.pads[1];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const row = top + i * window.dilations[0];
      const column = left + j * window.dilations[1];
      const isInside = row >= 0 && row < call.height && column >= 0 && column < call.width;
      visit(i * kw + j, isInside ? row * call.width + column : -1);
    }
  }
}

/** Where the planes of a call begin, and how many output pixels they have. */
function geometry(call: PlanesCall) {
  const outPixels = call.outHeight * call.outWidth;
  return { xStride: planeStride(call.height * call.width), yStride: planeStride(outPixels), outPixels };
}

export function depthwise(memory: WebAssembly.Memory, call: DepthwiseCall): void {
  const { xStride, yStride, outPixels } = geometry(call);
  const { type } = call.epilogue;
  const x = elementsAt(memory, type, call.x);
  const y = elementsAt(memory, type, call.y);
  const weights = elementsAt(memory, type, call.weights);
  const finish = finishWith(call.epilogue, memory.buffer, call.to);
  const taps = call.window.kernel[0] * call.window.kernel[1];
  for (let channel = call.from; channel < call.to; channel++) {
    for (let p = 0; p < outPixels; p++) {
      let sum = 0;
      forTaps(call, p, (tap, pixel) => {
        const value = pixel < 0 ? call.padValue : x[channel * xStride + pixel]!;
        sum += weights[channel * taps + tap]! * value;
      });
      y[channel * yStride + p] = finish(sum, channel);
    }
  }
}

export function patches(memory: WebAssembly.Memory, call: PatchesCall): void {
  const { xStride, yStride, outPixels } = geometry(call);
  const x = elementsAt(memory, call.type, call.x);
  const y = elementsAt(memory, call.type, call.y);
  const taps = call.window.kernel[0] * call.window.kernel[1];
  for (let channel = call.from; channel < call.to; channel++) {
    for (let p = 0; p < outPixels; p++) {
      forTaps(call, p, (tap, pixel) => {
        y[(channel * taps + tap) * yStride + p] = pixel < 0 ? call.padValue : x[channel * xStride + pixel]!;
      });
    }
  }
}

export function pool(memory: WebAssembly.Memory, call: PoolCall): void {
  const { xStride, yStride, outPixels } = geometry(call);
  const { type } = call.quantization;
  const x = elementsAt(memory, type, call.x);
  const y = elementsAt(memory, type, call.y);
  const summarize = call.kind === 'maximum' ? maximum : average;
  for (let channel = call.from; channel < call.to; channel++) {
    const plane = x.subarray(channel * xStride);
    for (let p = 0; p < outPixels; p++) y[channel * yStride + p] = summarize(call, plane, p);
  }
}

function maximum(call: PoolCall, plane: Int8Array | Float32Array, p: number): number {
  let most = call.quantization.type === 'int8' ? -128 : Number.NEGATIVE_INFINITY;
  forTaps(call, p, (_, pixel) => {
    if (pixel >= 0) most = Math.max(most, plane[pixel]!);
  });
  return most;
}

/**
 * The mean over the taps inside of the image, or inside of the padded image, which may be fewer than the window has.
 */
function average(call: PoolCall, plane: Int8Array | Float32Array, p: number): number {
  const { quantization } = call;
  const zero = quantization.type === 'int8' ? quantization.inputZeroPoint : 0;
  let sum = 0;
  let inside = 0;
  forTaps(call, p, (_, pixel) => {
    if (pixel < 0) return;
    sum += plane[pixel]! - zero;
    inside += 1;
  });
  const mean = Math.fround(sum / Math.max(1, call.countPads ? insidePadded(call, p) : inside));
  if (quantization.type === 'float32') return mean;
  return requantize(Math.fround(mean * Math.fround(quantization.multiplier)), quantization.zeroPoint, -128, 127);
}

function insidePadded(call: PoolCall, p: number): number {
  const [top, left, bottom, right] = call.window.pads;
  const window: Window = { ...call.window, pads: [0, 0, 0, 0] };
  const padded = { ...call, window, height: call.height + top + bottom, width: call.width + left + right };
  let count = 0;
  forTaps(padded, p, (_, pixel) => {
    if (pixel >= 0) count += 1;
  });
  return count;
}
