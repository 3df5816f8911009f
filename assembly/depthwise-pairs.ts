// Depthwise 3 x 3 convolution of int8 with stride 1. A padded plane holds rows 2k and 2k + 1 side by side, widened to
// int16 and interleaved, four bytes a column: the operand of `i32x4.dot_i16x8_s` for four pixels and a column of two taps
// is one load. Of the rows of the result, even ones have taps (0, 1) in one pair of rows and tap 2 in the next one, odd
// ones tap 0 in one pair and taps (1, 2) in the next one.

import { Depthwise, Epilogue } from './call';
import { lowerOf, round4, store8, upperOf, zeroOf } from './epilogue';
import { copyRow } from './pad';

/** Two int8 weights as the int16 pair of a dot product; an address of 0 is none. */
// @inline
function pairOf(first: usize, second: usize): v128 {
  const low: i32 = first === 0 ? 0 : <i32>load<i8>(first) & 0xffff;
  const high: i32 = second === 0 ? 0 : (<i32>load<i8>(second)) << 16;
  return i32x4.splat(low | high);
}

/** Results of every other row from the pairs of rows at `x` to `out`, eight at a time: even rows, or odd ones. */
function convolve(
  e: Epilogue,
  p: Depthwise,
  channel: i32,
  x: usize,
  pairBytes: usize,
  out: usize,
  count: i32,
  isOdd: bool,
): void {
  const w = p.weights + channel * 9;
  const a0 = isOdd ? pairOf(0, w) : pairOf(w, w + 3);
  const a1 = isOdd ? pairOf(0, w + 1) : pairOf(w + 1, w + 4);
  const a2 = isOdd ? pairOf(0, w + 2) : pairOf(w + 2, w + 5);
  const b0 = isOdd ? pairOf(w + 3, w + 6) : pairOf(w + 6, 0);
  const b1 = isOdd ? pairOf(w + 4, w + 7) : pairOf(w + 7, 0);
  const b2 = isOdd ? pairOf(w + 5, w + 8) : pairOf(w + 8, 0);
  const bias = v128.load32_splat(e.biases + (channel << 2));
  const multiplier = v128.load32_splat(e.multipliers + (channel << 2));
  const lower = lowerOf(e);
  const upper = upperOf(e);
  const zero = zeroOf(e);
  const end = out + count;
  let below = x + pairBytes;
  for (; out < end; out += 8, x += 32, below += 32) {
    let low = i32x4.add(bias, i32x4.dot_i16x8_s(v128.load(x), a0));
    let high = i32x4.add(bias, i32x4.dot_i16x8_s(v128.load(x, 16), a0));
    low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load(x, 4), a1));
    high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load(x, 20), a1));
    low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load(x, 8), a2));
    high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load(x, 24), a2));
    low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load(below), b0));
    high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load(below, 16), b0));
    low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load(below, 4), b1));
    high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load(below, 20), b1));
    low = i32x4.add(low, i32x4.dot_i16x8_s(v128.load(below, 8), b2));
    high = i32x4.add(high, i32x4.dot_i16x8_s(v128.load(below, 24), b2));
    store8(
      out,
      round4(f32x4.mul(f32x4.convert_i32x4_s(low), multiplier), lower, upper, zero),
      round4(f32x4.mul(f32x4.convert_i32x4_s(high), multiplier), lower, upper, zero),
    );
  }
}

/** Four columns of both rows. */
// @inline
function storeFour(to: usize, first: v128, second: v128): void {
  v128.store(to, v128.shuffle<i16>(first, second, 0, 8, 1, 9, 2, 10, 3, 11));
}

// @inline
function copyEight(to: usize, a: usize, b: usize, hasA: bool, hasB: bool, pad: v128): void {
  const first = hasA ? v128.load8x8_s(a) : pad;
  const second = hasB ? v128.load8x8_s(b) : pad;
  storeFour(to, first, second);
  v128.store(to, v128.shuffle<i16>(first, second, 4, 12, 5, 13, 6, 14, 7, 15), 16);
}

// @inline
function copyFour(to: usize, a: usize, b: usize, hasA: bool, hasB: bool, pad: v128): void {
  const first = hasA ? i16x8.extend_low_i8x16_s(v128.load32_zero(a)) : pad;
  const second = hasB ? i16x8.extend_low_i8x16_s(v128.load32_zero(b)) : pad;
  storeFour(to, first, second);
}

/** Two rows of so many columns, either of which may be one of pads. */
function copyPair(to: usize, a: usize, b: usize, width: i32, hasA: bool, hasB: bool, pad: v128): void {
  if (width >= 8) {
    // the last vector overlaps the one before it
    for (let c = 0; c + 8 < width; c += 8) copyEight(to + (c << 2), a + c, b + c, hasA, hasB, pad);
    const last = width - 8;
    copyEight(to + (last << 2), a + last, b + last, hasA, hasB, pad);
  } else if (width >= 4) {
    copyFour(to, a, b, hasA, hasB, pad);
    const last = width - 4;
    copyFour(to + (last << 2), a + last, b + last, hasA, hasB, pad);
  } else {
    for (let c = 0; c < width; c++, to += 4) {
      if (hasA) store<i16>(to, <i16>load<i8>(a + c));
      if (hasB) store<i16>(to, <i16>load<i8>(b + c), 2);
    }
  }
}

/** Copies a plane into the padded one at `to`; what has no row of the plane is there already. */
function padPairs(p: Depthwise, to: usize, from: usize, pairs: i32, pairBytes: usize, pad: v128): void {
  const width = p.width;
  const height = p.height;
  to += p.left << 2;
  for (let pair = 0; pair < pairs; pair++, to += pairBytes) {
    const row = 2 * pair - p.top;
    const a = from + row * width;
    const b = a + width;
    const hasA = <u32>row < <u32>height;
    const hasB = <u32>(row + 1) < <u32>height;
    if (hasA || hasB) copyPair(to, a, b, width, hasA, hasB, pad);
  }
}

/** All channels from `x` to `y`. */
export function pairs3x3(e: Epilogue, p: Depthwise, x: usize, y: usize, xStride: i32, yStride: i32): void {
  const padded = p.scratch;
  const pitch = max(p.left + p.width, p.outWidth + 2);
  const pairBytes = (<usize>pitch) << 2;
  const outPairs = (p.outHeight + 1) >> 1;
  const paddedEnd = padded + pairBytes * (outPairs + 1);
  const even = (paddedEnd + 63) & ~15;
  const odd = (even + pitch * outPairs + 31) & ~15;
  const evenCount = (outPairs - 1) * pitch + p.outWidth;
  const oddCount = ((p.outHeight >> 1) - 1) * pitch + p.outWidth;
  const pad = i16x8.splat(<i16>(<i32>p.padValue));
  for (let at = padded; at < paddedEnd; at += 16) v128.store(at, pad);
  for (let channel = p.from; channel < p.to; channel++, x += xStride, y += yStride) {
    padPairs(p, padded, x, outPairs + 1, pairBytes, pad);
    convolve(e, p, channel, padded, pairBytes, even, evenCount, false);
    convolve(e, p, channel, padded, pairBytes, odd, oddCount, true);
    let to = y;
    for (let pair = 0; pair < outPairs; pair++) {
      copyRow(to, even + pair * pitch, p.outWidth);
      to += p.outWidth;
      if (2 * pair + 1 === p.outHeight) break;
      copyRow(to, odd + pair * pitch, p.outWidth);
      to += p.outWidth;
    }
  }
}
