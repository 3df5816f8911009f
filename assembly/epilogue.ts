// What becomes of the sums: bias, multiplier, rounding, bounds.
//
// Rounding to int8 adds 1.5 * 2^23 to a float32 that lies within the bounds: the sum's unit is 1, so the hardware
// rounds half to even, and the low bits are the integer. Clamping before rounding is the same as after, as the bounds
// are integers.

import { Epilogue } from './call';

const magic: f32 = 12582912;
const magicBits: i32 = 0x4b400000;

// @inline
export function lowerOf(e: Epilogue): v128 {
  return f32x4.splat(e.type === 0 ? e.lower - <f32>e.zeroPoint : e.lower);
}

// @inline
export function upperOf(e: Epilogue): v128 {
  return f32x4.splat(e.type === 0 ? e.upper - <f32>e.zeroPoint : e.upper);
}

/** What `round4` adds at last. */
// @inline
export function zeroOf(e: Epilogue): v128 {
  return i32x4.splat(e.zeroPoint - magicBits);
}

/** clamp(round(x)) + zero point of four float32, as int32; NaN gives the lower bound. */
// @inline
export function round4(x: v128, lower: v128, upper: v128, zero: v128): v128 {
  const bounded = f32x4.pmin(f32x4.pmax(lower, x), upper);
  return i32x4.add(f32x4.add(bounded, f32x4.splat(magic)), zero);
}

// @inline
export function quantize4(sum: v128, bias: v128, multiplier: v128, lower: v128, upper: v128, zero: v128): v128 {
  return round4(f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(sum, bias)), multiplier), lower, upper, zero);
}

/** Eight int32 as int8 to `y`. */
// @inline
export function store8(y: usize, low: v128, high: v128): void {
  const words = i16x8.narrow_i32x4_s(low, high);
  v128.store64_lane(y, i8x16.narrow_i16x8_s(words, words), 0);
}

/** sum * multiplier + bias, bounded; NaN stays. */
// @inline
export function finish4(sum: v128, bias: v128, multiplier: v128, lower: v128, upper: v128): v128 {
  const y = f32x4.add(f32x4.mul(sum, multiplier), bias);
  return f32x4.pmin(f32x4.pmax(y, lower), upper);
}

// @inline
export function multiplierOf(e: Epilogue, row: i32): f32 {
  return e.multipliers === 0 ? 1 : load<f32>(e.multipliers + (row << 2));
}

// @inline
export function upperOfRow(e: Epilogue, row: i32): f32 {
  return e.uppers === 0 ? e.upper : load<f32>(e.uppers + (row << 2));
}

/** Four sums of type i16, i32 or f32 as int32 or float32. */
// @inline
function load4<T>(at: usize): v128 {
  return sizeof<T>() === 2 ? v128.load16x4_s(at) : v128.load(at);
}

// @inline
function toFloat<T>(sums: v128): v128 {
  return isFloat<T>() ? sums : f32x4.convert_i32x4_s(sums);
}

/**
 * Finishes rows of sums of type T, `pitch` bytes from row to row, 8 * `eights` pixels each, into y at the first pixel
 * of the tile.
 */
export function finishRows<T>(
  e: Epilogue,
  from: i32,
  to: i32,
  sums: usize,
  pitch: usize,
  y: usize,
  yStride: usize,
  eights: i32,
): void {
  const lower = lowerOf(e);
  if (e.type === 0) {
    const upper = upperOf(e);
    const zero = zeroOf(e);
    for (let row = from; row < to; row++, sums += pitch, y += yStride) {
      const bias = v128.load32_splat(e.biases + (row << 2));
      const multiplier = v128.load32_splat(e.multipliers + (row << 2));
      let at = sums;
      const end = y + (eights << 3);
      let out = y;
      for (; out + 16 <= end; out += 16, at += 16 * sizeof<T>()) {
        const a = quantize4(load4<T>(at), bias, multiplier, lower, upper, zero);
        const b = quantize4(load4<T>(at + 4 * sizeof<T>()), bias, multiplier, lower, upper, zero);
        const c = quantize4(load4<T>(at + 8 * sizeof<T>()), bias, multiplier, lower, upper, zero);
        const d = quantize4(load4<T>(at + 12 * sizeof<T>()), bias, multiplier, lower, upper, zero);
        const low = i16x8.narrow_i32x4_s(a, b);
        v128.store(out, i8x16.narrow_i16x8_s(low, i16x8.narrow_i32x4_s(c, d)));
      }
      if (out < end) {
        const low = quantize4(load4<T>(at), bias, multiplier, lower, upper, zero);
        const high = quantize4(load4<T>(at + 4 * sizeof<T>()), bias, multiplier, lower, upper, zero);
        store8(out, low, high);
      }
    }
    return;
  }
  for (let row = from; row < to; row++, sums += pitch, y += yStride) {
    const bias = v128.load32_splat(e.biases + (row << 2));
    const multiplier = f32x4.splat(multiplierOf(e, row));
    const upper = f32x4.splat(upperOfRow(e, row));
    let at = sums;
    const end = y + (eights << 5);
    for (let out = y; out < end; out += 16, at += 4 * sizeof<T>()) {
      v128.store(out, finish4(toFloat<T>(load4<T>(at)), bias, multiplier, lower, upper));
    }
  }
}

/** One sum; `T` is i32 or f32. */
// @inline
export function finishOne<T>(e: Epilogue, row: i32, sum: T, y: usize): void {
  if (e.type === 0) {
    const total = <f32>(<i32>sum + load<i32>(e.biases + (row << 2))) * load<f32>(e.multipliers + (row << 2));
    const rounded = nearest<f32>(total) + <f32>e.zeroPoint;
    store<i8>(y, <i8>(<i32>min<f32>(max<f32>(rounded, e.lower), e.upper)));
  } else {
    const value = <f32>sum * multiplierOf(e, row) + load<f32>(e.biases + (row << 2));
    store<f32>(y, min<f32>(max<f32>(value, e.lower), upperOfRow(e, row)));
  }
}
