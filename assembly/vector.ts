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

export function int8_vector_int8(call: usize): void {
  vector<i8, i16>(call);
}

export function float32_vector_float32(call: usize): void {
  vector<f32, f32>(call);
}
