// Depthwise convolution. 3 x 3 windows without dilation, stride 1 or 2, run over padded planes (see pad.ts) in one
// loop, whose results, a few between the rows too many, are then copied row by row. Other windows go pixel by pixel.
//
// int8: two taps at a time by `i32x4.dot_i16x8_s`, whose operands are two rows, interleaved: with stride 1 as they lie in
// the padded plane (depthwise-pairs.ts), with stride 2 in registers.

import { Depthwise, depthwiseOf, Epilogue, epilogueOf, planeStride } from './call';
import { pairs3x3 } from './depthwise-pairs';
import { finish4, finishOne, lowerOf, multiplierOf, round4, store8, upperOf, upperOfRow, zeroOf } from './epilogue';
import { copyRow, fill, paddedSize, padPlane, pitchOf, tapAt } from './pad';

/** Two weights as the int16 pair of a dot product. */
// @inline
function weightPair(weights: usize, first: i32, second: i32): v128 {
  const low = <i32>load<i8>(weights + first) & 0xffff;
  return i32x4.splat(second < 0 ? low : low | ((<i32>load<i8>(weights + second)) << 16));
}

// @inline
function dotLow(x: v128, y: v128, w: v128): v128 {
  return i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11), w);
}

// @inline
function dotHigh(x: v128, y: v128, w: v128): v128 {
  return i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15), w);
}

/** `count` results of stride 2 from the padded planes at `x` to `out`, eight at a time. */
function convolveInt8(e: Epilogue, p: Depthwise, channel: i32, x: usize, out: usize, count: i32): void {
  const weights = p.weights + channel * 9;
  const w03 = weightPair(weights, 0, 3);
  const w14 = weightPair(weights, 1, 4);
  const w25 = weightPair(weights, 2, 5);
  const w67 = weightPair(weights, 6, 7);
  const w8 = weightPair(weights, 8, -1);
  const bias = v128.load32_splat(e.biases + (channel << 2));
  const multiplier = v128.load32_splat(e.multipliers + (channel << 2));
  const lower = lowerOf(e);
  const upper = upperOf(e);
  const zero = zeroOf(e);
  const none = i32x4.splat(0);
  const t1 = paddedSize(p);
  const t2: i32 = 1;
  const t3 = 2 * t1;
  const t4 = 3 * t1;
  const t5 = t3 + 1;
  const t6 = pitchOf(p);
  const t7 = t1 + t6;
  const t8 = t6 + 1;
  const end = out + count;
  for (; out < end; out += 8, x += 8) {
    let a = v128.load8x8_s(x);
    let b = v128.load8x8_s(x + t3);
    let low = i32x4.add(bias, dotLow(a, b, w03));
    let high = i32x4.add(bias, dotHigh(a, b, w03));
    a = v128.load8x8_s(x + t1);
    b = v128.load8x8_s(x + t4);
    low = i32x4.add(low, dotLow(a, b, w14));
    high = i32x4.add(high, dotHigh(a, b, w14));
    a = v128.load8x8_s(x + t2);
    b = v128.load8x8_s(x + t5);
    low = i32x4.add(low, dotLow(a, b, w25));
    high = i32x4.add(high, dotHigh(a, b, w25));
    a = v128.load8x8_s(x + t6);
    b = v128.load8x8_s(x + t7);
    low = i32x4.add(low, dotLow(a, b, w67));
    high = i32x4.add(high, dotHigh(a, b, w67));
    a = v128.load8x8_s(x + t8);
    low = i32x4.add(low, dotLow(a, none, w8));
    high = i32x4.add(high, dotHigh(a, none, w8));
    store8(
      out,
      round4(f32x4.mul(f32x4.convert_i32x4_s(low), multiplier), lower, upper, zero),
      round4(f32x4.mul(f32x4.convert_i32x4_s(high), multiplier), lower, upper, zero),
    );
  }
}

/** The same of float32, four at a time. */
function convolveFloat32(e: Epilogue, p: Depthwise, channel: i32, x: usize, out: usize, count: i32): void {
  const weights = p.weights + channel * 36;
  const w0 = v128.load32_splat(weights);
  const w1 = v128.load32_splat(weights, 4);
  const w2 = v128.load32_splat(weights, 8);
  const w3 = v128.load32_splat(weights, 12);
  const w4 = v128.load32_splat(weights, 16);
  const w5 = v128.load32_splat(weights, 20);
  const w6 = v128.load32_splat(weights, 24);
  const w7 = v128.load32_splat(weights, 28);
  const w8 = v128.load32_splat(weights, 32);
  const bias = v128.load32_splat(e.biases + (channel << 2));
  const multiplier = f32x4.splat(multiplierOf(e, channel));
  const lower = lowerOf(e);
  const upper = f32x4.splat(upperOfRow(e, channel));
  const t1 = tapAt(p, 0, 1) << 2;
  const t2 = tapAt(p, 0, 2) << 2;
  const t3 = tapAt(p, 1, 0) << 2;
  const t4 = tapAt(p, 1, 1) << 2;
  const t5 = tapAt(p, 1, 2) << 2;
  const t6 = tapAt(p, 2, 0) << 2;
  const t7 = tapAt(p, 2, 1) << 2;
  const t8 = tapAt(p, 2, 2) << 2;
  const end = out + (count << 2);
  for (; out < end; out += 16, x += 16) {
    let a = f32x4.mul(v128.load(x), w0);
    let b = f32x4.mul(v128.load(x + t3), w3);
    let c = f32x4.mul(v128.load(x + t6), w6);
    a = f32x4.add(a, f32x4.mul(v128.load(x + t1), w1));
    b = f32x4.add(b, f32x4.mul(v128.load(x + t4), w4));
    c = f32x4.add(c, f32x4.mul(v128.load(x + t7), w7));
    a = f32x4.add(a, f32x4.mul(v128.load(x + t2), w2));
    b = f32x4.add(b, f32x4.mul(v128.load(x + t5), w5));
    c = f32x4.add(c, f32x4.mul(v128.load(x + t8), w8));
    v128.store(out, finish4(f32x4.add(f32x4.add(a, b), c), bias, multiplier, lower, upper));
  }
}

/** All channels by the fast path. `T` is i8 or f32. */
// @inline
function planes3x3<T>(e: Epilogue, p: Depthwise, x: usize, y: usize, xStride: i32, yStride: i32): void {
  const padded = p.scratch;
  const elements = paddedSize(p) * (p.strideHeight === 1 ? 1 : 4);
  const results = padded + ((elements * sizeof<T>() + 63) & ~15);
  const pitch = pitchOf(p);
  const count = (p.outHeight - 1) * pitch + p.outWidth;
  const bytes = p.outWidth * sizeof<T>();
  fill<T>(padded, elements, p.padValue);
  for (let channel = p.from; channel < p.to; channel++, x += xStride, y += yStride) {
    padPlane<T>(p, padded, x);
    if (isFloat<T>()) convolveFloat32(e, p, channel, padded, results, count);
    else convolveInt8(e, p, channel, padded, results, count);
    let from = results;
    let to = y;
    for (let row = 0; row < p.outHeight; row++, from += pitch * sizeof<T>(), to += bytes) copyRow(to, from, bytes);
  }
}

/** Any window, one pixel at a time. `T` is i8 or f32, `S` its sum's type. */
function planeOf<T, S>(e: Epilogue, p: Depthwise, channel: i32, x: usize, y: usize): void {
  const weights = p.weights + channel * p.kernelHeight * p.kernelWidth * sizeof<T>();
  const pad = <S>p.padValue;
  for (let r = 0; r < p.outHeight; r++) {
    for (let c = 0; c < p.outWidth; c++) {
      let sum: S = 0;
      let w = weights;
      for (let i = 0; i < p.kernelHeight; i++) {
        const row = r * p.strideHeight - p.top + i * p.dilationHeight;
        const isRow = <u32>row < <u32>p.height;
        for (let j = 0; j < p.kernelWidth; j++, w += sizeof<T>()) {
          const column = c * p.strideWidth - p.left + j * p.dilationWidth;
          const isInside = isRow && <u32>column < <u32>p.width;
          sum += <S>load<T>(w) * (isInside ? <S>load<T>(x + (row * p.width + column) * sizeof<T>()) : pad);
        }
      }
      finishOne<S>(e, channel, sum, y);
      y += sizeof<T>();
    }
  }
}

// @inline
function planes<T, S>(e: Epilogue, p: Depthwise): void {
  const xStride = planeStride(p.height * p.width) * sizeof<T>();
  const yStride = planeStride(p.outHeight * p.outWidth) * sizeof<T>();
  let x = p.x + xStride * p.from;
  let y = p.y + yStride * p.from;
  const is3x3 = p.kernelHeight === 3 && p.kernelWidth === 3 && (p.dilationHeight | p.dilationWidth) === 1;
  if (is3x3 && p.strideHeight === p.strideWidth && p.strideWidth <= 2) {
    if (!isFloat<T>() && p.strideWidth === 1) pairs3x3(e, p, x, y, xStride, yStride);
    else planes3x3<T>(e, p, x, y, xStride, yStride);
    return;
  }
  for (let channel = p.from; channel < p.to; channel++, x += xStride, y += yStride) {
    planeOf<T, S>(e, p, channel, x, y);
  }
}

export function depthwise(call: usize): void {
  const e = epilogueOf(call);
  if (e.type === 0) planes<i8, i32>(e, depthwiseOf(call));
  else planes<f32, f32>(e, depthwiseOf(call));
}
