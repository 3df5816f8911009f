// Dense products by relaxed SIMD's dot product of four pairs of bytes, 4 rows by 8 pixels in registers: see
// src/runtime/kernels/variants/dot.ts for the layout. Its second operand must lie in 0..127, so that weights are stored
// plus 64, and 64 times the sum of each pixel's activations is taken off where sums begin.

import { epilogueOf, productOf } from './call';
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

/** -64 times the sum of each of eight pixels' activations, to `starts`. */
function startSums(starts: usize, tile: usize, steps: i32): void {
  const all = i8x16.splat(64);
  let low = i32x4.splat(0);
  let high = low;
  for (const end = tile + ((<usize>steps) << 6); tile < end; tile += 64) {
    low = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(tile), all, low);
    high = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(tile, 16), all, high);
  }
  v128.store(starts, i32x4.neg(low));
  v128.store(starts, i32x4.neg(high), 16);
}

/** Sums of 4 rows and 8 pixels over all columns, to `sums`, 128 bytes from row to row. */
// @inline
function multiply(weights: usize, tile: usize, steps: i32, starts: usize, sums: usize): void {
  let a0 = v128.load(starts);
  let a1 = v128.load(starts, 16);
  let b0 = a0;
  let b1 = a1;
  let c0 = a0;
  let c1 = a1;
  let d0 = a0;
  let d1 = a1;
  const end = weights + ((<usize>steps) << 4);
  for (; weights < end; weights += 16, tile += 64) {
    const x0 = v128.load(tile);
    const x1 = v128.load(tile, 16);
    let w = v128.load32_splat(weights);
    a0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x0, w, a0);
    a1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x1, w, a1);
    w = v128.load32_splat(weights, 4);
    b0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x0, w, b0);
    b1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x1, w, b1);
    w = v128.load32_splat(weights, 8);
    c0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x0, w, c0);
    c1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x1, w, c1);
    w = v128.load32_splat(weights, 12);
    d0 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x0, w, d0);
    d1 = i32x4.relaxed_dot_i8x16_i7x16_add_s(x1, w, d1);
  }
  v128.store(sums, a0, 0);
  v128.store(sums, a1, 16);
  v128.store(sums, b0, 128);
  v128.store(sums, b1, 144);
  v128.store(sums, c0, 256);
  v128.store(sums, c1, 272);
  v128.store(sums, d0, 384);
  v128.store(sums, d1, 400);
}

function multiplyRows(call: usize): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const steps = (p.columns + 3) >> 2;
  const sums = p.scratch;
  const starts = sums + 512;
  const tile = starts + 128;
  const yBytes = e.type === 0 ? 1 : 4;
  for (let pixel = p.from; pixel < p.to; pixel += tilePixels) {
    const eights = min((p.to - pixel + 7) >> 3, tilePixels >> 3);
    packBytes(tile, p.x + pixel, p.xStride, p.columns, (eights + 1) >> 1);
    for (let block = 0; block < eights; block++) startSums(starts + (block << 5), tileOf(tile, block, steps), steps);
    let weights = p.data;
    let y = p.y + pixel * yBytes;
    for (let row = 0; row < p.rows; row += 4) {
      for (let block = 0; block < eights; block++) {
        multiply(weights, tileOf(tile, block, steps), steps, starts + (block << 5), sums + (block << 5));
      }
      finishRows<i32>(e, row, min(row + 4, p.rows), sums, 128, y, p.yStride, eights);
      weights += (<usize>steps) << 4;
      y += p.yStride << 2;
    }
  }
}

/** Where eight pixels begin: two of these are side by side in each 64 bytes. */
// @inline
function tileOf(tile: usize, block: i32, steps: i32): usize {
  return tile + (((block >> 1) * steps) << 6) + ((block & 1) << 5);
}

/** Only where the module may use relaxed SIMD; others never choose it. */
export function int8_dot_int8(call: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) multiplyRows(call);
}
