// Dense products, 4 rows by 8 pixels in registers: see src/runtime/kernels/variants/dense.ts for the layouts. A tile of
// 32 pixels of all columns is brought into the order of the inner loop first, and used by all rows.

import { epilogueOf, productOf } from './call';
import { finishRows } from './epilogue';

const tilePixels: i32 = 32;

/** [8 pixels, column pair, pixel, 2] int16 from planes of int8. */
function packInt8(tile: usize, x: usize, stride: usize, columns: i32, eights: i32): void {
  for (let block = 0; block < eights; block++, x += 8) {
    let plane = x;
    let column = 1;
    for (; column < columns; column += 2, plane += stride << 1, tile += 32) {
      const even = v128.load8x8_s(plane);
      const odd = v128.load8x8_s(plane + stride);
      storePairs(tile, even, odd);
    }
    if (column === columns) {
      storePairs(tile, v128.load8x8_s(plane), i32x4.splat(0));
      tile += 32;
    }
  }
}

// @inline
function storePairs(at: usize, even: v128, odd: v128): void {
  v128.store(at, v128.shuffle<i16>(even, odd, 0, 8, 1, 9, 2, 10, 3, 11));
  v128.store(at, v128.shuffle<i16>(even, odd, 4, 12, 5, 13, 6, 14, 7, 15), 16);
}

/** [8 pixels, column, pixel] from planes. */
function packFloat32(tile: usize, x: usize, stride: usize, columns: i32, eights: i32): void {
  for (let block = 0; block < eights; block++, x += 32) {
    let plane = x;
    for (let column = 0; column < columns; column++, plane += stride, tile += 32) {
      v128.store(tile, v128.load(plane));
      v128.store(tile, v128.load(plane, 16), 16);
    }
  }
}

/**
 * sum + x w: products of int16 pairs as int32 for `T` = i32, of four pairs of bytes for i8 (relaxed SIMD); for f32 rounded
 * once where the machine can.
 */
// @inline
function multiplyAdd<T>(x: v128, w: v128, sum: v128): v128 {
  if (sizeof<T>() === 1) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, w, sum);
  if (!isFloat<T>()) return i32x4.add(sum, i32x4.dot_i16x8_s(x, w));
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, w, sum) : f32x4.add(sum, f32x4.mul(x, w));
}

/**
 * Sums of 4 rows and 8 pixels over so many columns, pairs of columns or fours, to `sums`, 128 bytes from row to row. They
 * begin with `first` and `second`, of four pixels each; `pitch` bytes are from step to step of the tile.
 */
// @inline
export function multiply<T>(
  weights: usize,
  tile: usize,
  pitch: usize,
  steps: i32,
  first: v128,
  second: v128,
  sums: usize,
): void {
  let a0 = first;
  let a1 = second;
  let b0 = first;
  let b1 = second;
  let c0 = first;
  let c1 = second;
  let d0 = first;
  let d1 = second;
  const end = weights + ((<usize>steps) << 4);
  for (; weights < end; weights += 16, tile += pitch) {
    const x0 = v128.load(tile);
    const x1 = v128.load(tile, 16);
    let w = v128.load32_splat(weights);
    a0 = multiplyAdd<T>(x0, w, a0);
    a1 = multiplyAdd<T>(x1, w, a1);
    w = v128.load32_splat(weights, 4);
    b0 = multiplyAdd<T>(x0, w, b0);
    b1 = multiplyAdd<T>(x1, w, b1);
    w = v128.load32_splat(weights, 8);
    c0 = multiplyAdd<T>(x0, w, c0);
    c1 = multiplyAdd<T>(x1, w, c1);
    w = v128.load32_splat(weights, 12);
    d0 = multiplyAdd<T>(x0, w, d0);
    d1 = multiplyAdd<T>(x1, w, d1);
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

/** Weights of 4 rows as int16, from int8. */
// @inline
function widen(from: usize, to: usize, steps: i32): void {
  const end = to + ((<usize>steps) << 4);
  for (; to < end; to += 16, from += 8) v128.store(to, v128.load8x8_s(from));
}

/** The same from integers of four bits, plus 8, the even column's in the low half of each byte. */
// @inline
function widenNibbles(from: usize, to: usize, steps: i32): void {
  const eight = i16x8.splat(8);
  const end = to + ((<usize>steps) << 4);
  for (; to < end; to += 16, from += 4) {
    const bytes = v128.load32_zero(from);
    const pairs = v128.shuffle<i8>(bytes, i32x4.splat(0), 0, 16, 0, 16, 1, 16, 1, 16, 2, 16, 2, 16, 3, 16, 3, 16);
    // odd lanes have their half in bits 4 to 7: both are brought to bits 4 to 7, then down
    const shifted = i16x8.mul(pairs, i16x8(16, 1, 16, 1, 16, 1, 16, 1));
    const halves = v128.and(i16x8.shr_u(shifted, 4), i16x8.splat(15));
    v128.store(to, i16x8.sub(halves, eight));
  }
}

/** `bits` of a weight in memory, 16 as the inner loop takes it. `T` is the type of the sums: i32 for int8 activations and weights, f32 for those of float32. */
// @inline
function dense<T>(call: usize, bits: i32): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const steps = isFloat<T>() ? p.columns : (p.columns + 1) >> 1;
  const sums = p.scratch;
  const tile = sums + 512;
  const wide = tile + ((<usize>steps) << 7);
  const none = i32x4.splat(0);
  for (let pixel = p.from; pixel < p.to; pixel += tilePixels) {
    const eights = min((p.to - pixel + 7) >> 3, tilePixels >> 3);
    if (isFloat<T>()) packFloat32(tile, p.x + (pixel << 2), p.xStride, p.columns, eights);
    else packInt8(tile, p.x + pixel, p.xStride, p.columns, eights);
    let weights = p.data;
    let y = p.y + pixel * (e.type === 0 ? 1 : 4);
    for (let row = 0; row < p.rows; row += 4) {
      if (bits === 8) widen(weights, wide, steps);
      else if (bits === 4) widenNibbles(weights, wide, steps);
      for (let block = 0; block < eights; block++) {
        multiply<T>(
          isFloat<T>() ? weights : wide,
          tile + ((block * steps) << 5),
          32,
          steps,
          none,
          none,
          sums + (block << 5),
        );
      }
      finishRows<T>(e, row, min(row + 4, p.rows), sums, 128, y, p.yStride, eights);
      weights += (<usize>steps * 8 * bits) >> 3;
      y += p.yStride << 2;
    }
  }
}

export function int8_dense_int8(call: usize): void {
  dense<i32>(call, 8);
}

export function int4_dense_int8(call: usize): void {
  dense<i32>(call, 4);
}

export function float32_dense_float32(call: usize): void {
  dense<f32>(call, 16);
}
