// Products with very few pixels: columns in lanes. See src/runtime/kernels/variants/vector.ts for the layout. The
// pixel's column of x is gathered into the scratch memory, int8 widened to int16, and filled up with zeros.

import { epilogueOf, productOf } from './call';
import { finishOne } from './epilogue';

// @inline
function horizontal<T>(v: v128): T {
  return <T>(
    (v128.extract_lane<T>(v, 0) +
      v128.extract_lane<T>(v, 1) +
      (v128.extract_lane<T>(v, 2) + v128.extract_lane<T>(v, 3)))
  );
}

/** One row of int8 weights by int16 activations, sixteen columns at a time. */
// @inline
function dotInt8(x: usize, w: usize, width: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  for (const end = w + width; w < end; w += 16, x += 32) {
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load(x), v128.load8x8_s(w)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load(x, 16), v128.load8x8_s(w, 8)));
  }
  return horizontal<i32>(i32x4.add(a, b));
}

/**
 * One row of weights in fields of `bits` (2 or 4) bits, plus 1 or 8. A field is not shifted to the end of its word: what it
 * is multiplied with comes off its sum. int32 holds these to a hundred thousand columns.
 */
// @inline
function dotFields(x: usize, w: usize, width: i32, bits: i32): i32 {
  const m0 = i16x8.splat(bits === 2 ? 3 : 15);
  const m1 = i16x8.splat(bits === 2 ? 12 : 240);
  const m2 = i16x8.splat(48);
  const m3 = i16x8.splat(192);
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const step: i32 = bits === 2 ? 128 : 64;
  for (const end = x + (width << 1); x < end; w += 16, x += step) {
    const low = v128.load(w);
    const high = i16x8.shr_u(low, 8);
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.and(low, m0), v128.load(x)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.and(low, m1), v128.load(x, 16)));
    if (bits === 2) {
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.and(low, m2), v128.load(x, 32)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.and(low, m3), v128.load(x, 48)));
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.and(high, m0), v128.load(x, 64)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.and(high, m1), v128.load(x, 80)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(v128.and(high, m2), v128.load(x, 96)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(v128.and(high, m3), v128.load(x, 112)));
    } else {
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.and(high, m0), v128.load(x, 32)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(v128.and(high, m1), v128.load(x, 48)));
    }
  }
  a = i32x4.add(a, i32x4.shr_s(b, bits));
  if (bits === 2) a = i32x4.add(a, i32x4.add(i32x4.shr_s(c, 4), i32x4.shr_s(d, 6)));
  return horizontal<i32>(a);
}

/** The same of float32, eight columns at a time, perhaps four at last. */
// @inline
function dotFloat32(x: usize, w: usize, width: i32): f32 {
  let a = f32x4.splat(0);
  let b = a;
  const end = w + (width << 2);
  for (; w + 16 < end; w += 32, x += 32) {
    a = f32x4.add(a, f32x4.mul(v128.load(x), v128.load(w)));
    b = f32x4.add(b, f32x4.mul(v128.load(x, 16), v128.load(w, 16)));
  }
  if (w < end) a = f32x4.add(a, f32x4.mul(v128.load(x), v128.load(w)));
  return horizontal<f32>(f32x4.add(a, b));
}

/** `T` is i8 or f32, `S` what a gathered activation is stored as. */
// @inline
function vector<T, S>(call: usize): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const x = p.scratch;
  const lanes: i32 = 16 / sizeof<T>();
  const width = (p.columns + lanes - 1) & -lanes;
  const bytes: i32 = e.type === 0 ? 1 : 4;
  memory.fill(x, 0, width * sizeof<S>());
  for (let pixel = p.from; pixel < p.to; pixel++) {
    let plane = p.x + pixel * sizeof<T>();
    for (let c = 0; c < p.columns; c++, plane += p.xStride) store<S>(x + c * sizeof<S>(), <S>load<T>(plane));
    let w = p.data;
    let y = p.y + pixel * bytes;
    for (let row = 0; row < p.rows; row++, y += p.yStride, w += width * sizeof<T>()) {
      if (isFloat<T>()) finishOne<f32>(e, row, dotFloat32(x, w, width), y);
      else finishOne<i32>(e, row, dotInt8(x, w, width), y);
    }
  }
}

/** int8 activations, weights in fields of `bits` bits. */
// @inline
function vectorOfFields(call: usize, bits: i32): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const x = p.scratch;
  const lanes: i32 = bits === 2 ? 64 : 32;
  const width = (p.columns + lanes - 1) & -lanes;
  const bytes: i32 = e.type === 0 ? 1 : 4;
  memory.fill(x, 0, width << 1);
  for (let pixel = p.from; pixel < p.to; pixel++) {
    let plane = p.x + pixel;
    let offset: i32 = 0;
    for (let c = 0; c < p.columns; c++, plane += p.xStride) {
      const value = load<i8>(plane);
      offset += <i32>value;
      store<i16>(x + (c << 1), <i16>value);
    }
    if (bits === 4) offset <<= 3;
    let w = p.data;
    let y = p.y + pixel * bytes;
    for (let row = 0; row < p.rows; row++, y += p.yStride, w += (width * bits) >> 3) {
      finishOne<i32>(e, row, dotFields(x, w, width, bits) - offset, y);
    }
  }
}

export function int4_vector_int8(call: usize): void {
  vectorOfFields(call, 4);
}

export function ternary_vector_int8(call: usize): void {
  vectorOfFields(call, 2);
}

export function int8_vector_int8(call: usize): void {
  vector<i8, i16>(call);
}

export function float32_vector_float32(call: usize): void {
  vector<f32, f32>(call);
}
