// Sum of two quantized tensors, quantization and its inverse. What is left over of sixteen elements goes one by one.

import { Sum } from './call';
import { round4 } from './epilogue';

const magicBits: i32 = 0x4b400000;

// @inline
function real4(q: v128, scale: v128, zero: v128): v128 {
  return f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.sub(q, zero)));
}

/** Four int8 at an address as int32. */
// @inline
function load4(at: usize): v128 {
  return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(at)));
}

/** Four int32 as int8. */
// @inline
function pack4(q: v128): i32 {
  const words = i16x8.narrow_i32x4_s(q, q);
  return i32x4.extract_lane(i8x16.narrow_i16x8_s(words, words), 0);
}

export function add_int8(call: usize): void {
  const p = changetype<Sum>(call);
  const a = p.a;
  const b = p.b;
  const y = p.y;
  const count = p.count;
  const as = f32x4.splat(p.aScale);
  const bs = f32x4.splat(p.bScale);
  const s = f32x4.splat(p.scale);
  const az = i32x4.splat(p.aZero);
  const bz = i32x4.splat(p.bZero);
  const low = f32x4.splat(<f32>(p.lower - p.zeroPoint));
  const high = f32x4.splat(<f32>(p.upper - p.zeroPoint));
  const zero = i32x4.splat(p.zeroPoint - magicBits);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const sum = f32x4.add(real4(load4(a + i), as, az), real4(load4(b + i), bs, bz));
    store<i32>(y + i, pack4(round4(f32x4.div(sum, s), low, high, zero)));
  }
  for (; i < count; i++) {
    const sum = f32x4.add(real4(i32x4.splat(load<i8>(a + i)), as, az), real4(i32x4.splat(load<i8>(b + i)), bs, bz));
    store<i8>(y + i, <i8>pack4(round4(f32x4.div(sum, s), low, high, zero)));
  }
}

export function quantize(x: usize, y: usize, count: i32, scale: f32, zeroPoint: i32): void {
  const s = f32x4.splat(scale);
  const low = f32x4.splat(<f32>(<i32>-128 - zeroPoint));
  const high = f32x4.splat(<f32>(<i32>127 - zeroPoint));
  const zero = i32x4.splat(zeroPoint - magicBits);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    store<i32>(y + i, pack4(round4(f32x4.div(v128.load(x + (i << 2)), s), low, high, zero)));
  }
  for (; i < count; i++) {
    store<i8>(y + i, <i8>pack4(round4(f32x4.div(v128.load32_splat(x + (i << 2)), s), low, high, zero)));
  }
}

export function dequantize(x: usize, y: usize, count: i32, scale: f32, zeroPoint: i32): void {
  const s = f32x4.splat(scale);
  const zero = i32x4.splat(zeroPoint);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(y + (i << 2), real4(load4(x + i), s, zero));
  for (; i < count; i++) store<f32>(y + (i << 2), scale * <f32>(<i32>load<i8>(x + i) - zeroPoint));
}
