// Dense products by relaxed SIMD's dot product of four pairs of bytes, 4 rows by 8 pixels in registers: see
// src/runtime/kernels/variants/dot.ts for the layouts. Weights are its second operand and have an offset: as often the
// sum of each pixel's activations is taken off where sums begin.

import { epilogueOf, productOf } from './call';
import { multiply } from './dense';
import { finishRows } from './epilogue';

const tilePixels: i32 = 32;

/** 16 pixels of a plane, or zeros behind the last column. */
// @inline
function planeAt(x: usize, isThere: bool): v128 {
  return isThere ? v128.load(x) : i32x4.splat(0);
}

/** [16 pixels, four columns, pixel, column] int8 from planes of int8. */
function packBytes(tile: usize, x: usize, stride: usize, columns: i32, sixteens: i32): void {
  for (let block = 0; block < sixteens; block++, x += 16) {
    let plane = x;
    for (let column = 0; column < columns; column += 4, plane += stride << 2, tile += 64) {
      const a = planeAt(plane, true);
      const b = planeAt(plane + stride, column + 1 < columns);
      const c = planeAt(plane + 2 * stride, column + 2 < columns);
      const d = planeAt(plane + 3 * stride, column + 3 < columns);
      const abLow = v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const abHigh = v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const cdLow = v128.shuffle<i8>(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const cdHigh = v128.shuffle<i8>(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      v128.store(tile, v128.shuffle<i16>(abLow, cdLow, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(tile, v128.shuffle<i16>(abLow, cdLow, 4, 12, 5, 13, 6, 14, 7, 15), 16);
      v128.store(tile, v128.shuffle<i16>(abHigh, cdHigh, 0, 8, 1, 9, 2, 10, 3, 11), 32);
      v128.store(tile, v128.shuffle<i16>(abHigh, cdHigh, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    }
  }
}

/** -offset times the sum of each of eight pixels' activations, to `starts`; `all` are offsets. */
function startSums(starts: usize, tile: usize, steps: i32, all: v128): void {
  let low = i32x4.splat(0);
  let high = low;
  for (const end = tile + ((<usize>steps) << 6); tile < end; tile += 64) {
    low = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(tile), all, low);
    high = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(tile, 16), all, high);
  }
  v128.store(starts, i32x4.neg(low));
  v128.store(starts, i32x4.neg(high), 16);
}

/**
 * What weights of 8 bits have for an offset: 128 where the engine takes bytes of the second operand as unsigned, 0 where
 * signed. Where it does neither this kernel is never chosen.
 */
// @inline
function offsetOfBytes(): i8 {
  const sum = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(1), i8x16.splat(-1), i32x4.splat(0));
  return i32x4.extract_lane(sum, 0) > 0 ? -128 : 0;
}

/** Weights of 4 rows as bytes, from fields of `bits` bits: those of the first step in the lowest bits. */
// @inline
function widen(from: usize, to: usize, steps: i32, bits: i32): void {
  const mask = i8x16.splat(bits === 2 ? 3 : 15);
  const end = to + ((<usize>steps) << 4);
  // what is written behind the last step lies in scratch memory, too
  for (; to < end; from += 16) {
    const fields = v128.load(from);
    v128.store(to, v128.and(fields, mask));
    if (bits === 2) {
      v128.store(to, v128.and(i16x8.shr_u(fields, 2), mask), 16);
      v128.store(to, v128.and(i16x8.shr_u(fields, 4), mask), 32);
      v128.store(to, v128.and(i16x8.shr_u(fields, 6), mask), 48);
      to += 64;
    } else {
      v128.store(to, v128.and(i16x8.shr_u(fields, 4), mask), 16);
      to += 32;
    }
  }
}

/** `bits` of a weight in memory. */
// @inline
function multiplyRows(call: usize, bits: i32): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const steps = (p.columns + 3) >> 2;
  const perVector = 8 / bits;
  const pitch = (<usize>((steps + perVector - 1) / perVector)) << 4;
  const offsets = i8x16.splat(bits === 8 ? offsetOfBytes() : bits === 4 ? 8 : 1);
  const sums = p.scratch;
  const starts = sums + 512;
  const wide = starts + 128;
  const tile = wide + pitch * perVector;
  const yBytes = e.type === 0 ? 1 : 4;
  for (let pixel = p.from; pixel < p.to; pixel += tilePixels) {
    const eights = min((p.to - pixel + 7) >> 3, tilePixels >> 3);
    packBytes(tile, p.x + pixel, p.xStride, p.columns, (eights + 1) >> 1);
    for (let block = 0; block < eights; block++) {
      startSums(starts + (block << 5), tileOf(tile, block, steps), steps, offsets);
    }
    let weights = p.data;
    let y = p.y + pixel * yBytes;
    for (let row = 0; row < p.rows; row += 4) {
      if (bits < 8) widen(weights, wide, steps, bits);
      for (let block = 0; block < eights; block++) {
        const start = starts + (block << 5);
        const from = tileOf(tile, block, steps);
        multiply<i8>(
          bits < 8 ? wide : weights,
          from,
          64,
          steps,
          v128.load(start),
          v128.load(start, 16),
          sums + (block << 5),
        );
      }
      finishRows<i32>(e, row, min(row + 4, p.rows), sums, 128, y, p.yStride, eights);
      weights += pitch;
      y += p.yStride << 2;
    }
  }
}

/** Where eight pixels begin: two of these are side by side in each 64 bytes. */
// @inline
function tileOf(tile: usize, block: i32, steps: i32): usize {
  return tile + (((block >> 1) * steps) << 6) + ((block & 1) << 5);
}

// Only where the module may use relaxed SIMD; others never choose them.

export function int8_dot_int8(call: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) multiplyRows(call, 8);
}

export function int4_dot_int8(call: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) multiplyRows(call, 4);
}

export function ternary_dot_int8(call: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) multiplyRows(call, 2);
}
