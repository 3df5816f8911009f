// Products with very few pixels: columns in lanes. See src/runtime/kernels/variants/vector.ts for the layout. The pixel's
// column of x is gathered into the scratch memory, int8 widened to int16, and filled up with zeros.

import { epilogueOf, productOf } from './call';
import { finishOne } from './epilogue';

@inline
function horizontal<T>(v: v128): T {
  return <T>(
    (v128.extract_lane<T>(v, 0) + v128.extract_lane<T>(v, 1) + (v128.extract_lane<T>(v, 2) + v128.extract_lane<T>(v, 3)))
  );
}

export function int8_vector_int8(call: usize): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const x = p.scratch;
  const width = (p.columns + 15) & ~15;
  const bytes: i32 = e.type == 0 ? 1 : 4;
  memory.fill(x, 0, width << 1);
  for (let pixel = p.from; pixel < p.to; pixel++) {
    let plane = p.x + pixel;
    for (let c = 0; c < p.columns; c++, plane += p.xStride) store<i16>(x + (c << 1), load<i8>(plane));
    let w = p.data;
    let y = p.y + pixel * bytes;
    for (let row = 0; row < p.rows; row++, y += p.yStride) {
      let a = i32x4.splat(0);
      let b = a;
      const end = w + width;
      for (let at = x; w < end; w += 16, at += 32) {
        a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load(at), v128.load8x8_s(w)));
        b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load(at, 16), v128.load8x8_s(w, 8)));
      }
      finishOne<i32>(e, row, horizontal<i32>(i32x4.add(a, b)), y);
    }
  }
}

export function float32_vector_float32(call: usize): void {
  const e = epilogueOf(call);
  const p = productOf(call);
  const x = p.scratch;
  const width = (p.columns + 3) & ~3;
  memory.fill(x, 0, width << 2);
  for (let pixel = p.from; pixel < p.to; pixel++) {
    let plane = p.x + (pixel << 2);
    for (let c = 0; c < p.columns; c++, plane += p.xStride) store<f32>(x + (c << 2), load<f32>(plane));
    let w = p.data;
    let y = p.y + (pixel << 2);
    for (let row = 0; row < p.rows; row++, y += p.yStride) {
      let a = f32x4.splat(0);
      let b = a;
      const end = w + (width << 2);
      let at = x;
      for (; w + 16 < end; w += 32, at += 32) {
        a = f32x4.add(a, f32x4.mul(v128.load(at), v128.load(w)));
        b = f32x4.add(b, f32x4.mul(v128.load(at, 16), v128.load(w, 16)));
      }
      if (w < end) {
        a = f32x4.add(a, f32x4.mul(v128.load(at), v128.load(w)));
        w = end;
      }
      finishOne<f32>(e, row, horizontal<f32>(f32x4.add(a, b)), y);
    }
  }
}
