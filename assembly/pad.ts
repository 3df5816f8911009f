// Planes of the depthwise convolution: a plane is copied into a padded one, so that all taps of a 3 x 3 window are at
// fixed distances from the output pixel's place, in rows as in the whole plane, and one loop without rows can run over
// it. With stride 2 there are four padded planes, of even and odd rows and columns, in which that is true again.

import { Depthwise } from './call';

/** Columns of a padded row, and of a padded plane's row. */
// @inline
export function paddedWidth(p: Depthwise): i32 {
  return max(p.left + p.width, (p.outWidth - 1) * p.strideWidth + 3);
}

// @inline
export function pitchOf(p: Depthwise): i32 {
  return p.strideWidth === 1 ? paddedWidth(p) : (paddedWidth(p) + 1) >> 1;
}

/** Rows that the window meets. */
// @inline
export function paddedHeight(p: Depthwise): i32 {
  return (p.outHeight - 1) * p.strideHeight + 3;
}

/** Elements of one of the padded planes. */
// @inline
export function paddedSize(p: Depthwise): i32 {
  return pitchOf(p) * (p.strideHeight === 1 ? paddedHeight(p) : (paddedHeight(p) + 1) >> 1);
}

/** Fills `count` elements, and up to 16 bytes more. */
export function fill<T>(at: usize, count: i32, value: f32): void {
  const end = at + count * sizeof<T>();
  const all = isFloat<T>() ? f32x4.splat(value) : i8x16.splat(<i8>(<i32>value));
  for (; at < end; at += 16) v128.store(at, all);
}

/** Copies so many bytes and no more. */
// @inline
export function copyRow(to: usize, from: usize, bytes: i32): void {
  if (bytes >= 16) {
    for (let i = 0; i + 16 < bytes; i += 16) v128.store(to + i, v128.load(from + i));
    v128.store(to + bytes - 16, v128.load(from + bytes - 16));
  } else if (bytes >= 8) {
    store<i64>(to, load<i64>(from));
    store<i64>(to + bytes - 8, load<i64>(from + bytes - 8));
  } else if (bytes >= 4) {
    store<i32>(to, load<i32>(from));
    store<i32>(to + bytes - 4, load<i32>(from + bytes - 4));
  } else {
    for (let i = 0; i < bytes; i++) store<i8>(to + i, load<i8>(from + i));
  }
}

/** Columns `c` to `c` + 16 / sizeof<T>() of a row, evens and odds apart. */
// @inline
function splitVector<T>(even: usize, odd: usize, from: usize, c: i32): void {
  const x = v128.load(from + c * sizeof<T>());
  const half = (c >> 1) * sizeof<T>();
  const apart = isFloat<T>()
    ? v128.shuffle<i32>(x, x, 0, 2, 1, 3)
    : v128.shuffle<i8>(x, x, 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
  v128.store64_lane(even + half, apart, 0);
  v128.store64_lane(odd + half, apart, 1);
}

/** The same of 8 bytes of int8. */
// @inline
function splitHalf(even: usize, odd: usize, from: usize, c: i32): void {
  const x = v128.load64_zero(from + c);
  const apart = v128.shuffle<i8>(x, x, 0, 2, 4, 6, 1, 3, 5, 7, 0, 0, 0, 0, 0, 0, 0, 0);
  v128.store32_lane(even + (c >> 1), apart, 0);
  v128.store32_lane(odd + (c >> 1), apart, 1);
}

/** Copies the even columns of a row to `even`, the odd ones to `odd`. */
// @inline
function splitRow<T>(even: usize, odd: usize, from: usize, width: i32): void {
  const lanes: i32 = 16 / sizeof<T>();
  // Vectors begin at even columns; the last one overlaps the one before it. An odd last column is left.
  const whole = width & ~1;
  if (whole >= lanes) {
    for (let c = 0; c + lanes < whole; c += lanes) splitVector<T>(even, odd, from, c);
    splitVector<T>(even, odd, from, whole - lanes);
  } else if (!isFloat<T>() && whole >= 8) {
    splitHalf(even, odd, from, 0);
    splitHalf(even, odd, from, whole - 8);
  } else {
    for (let c = 0; c < whole; c += 2) {
      store<T>(even + (c >> 1) * sizeof<T>(), load<T>(from + c * sizeof<T>()));
      store<T>(odd + (c >> 1) * sizeof<T>(), load<T>(from + (c + 1) * sizeof<T>()));
    }
  }
  if (width & 1) store<T>(even + (whole >> 1) * sizeof<T>(), load<T>(from + whole * sizeof<T>()));
}

/** Copies a plane into the padded plane or planes at `to`; the pads are there already. */
export function padPlane<T>(p: Depthwise, to: usize, from: usize): void {
  const width = p.width;
  const bytes = width * sizeof<T>();
  const pitch = pitchOf(p) * sizeof<T>();
  const rows = min(p.height, paddedHeight(p) - p.top);
  // int8 of stride 1 has pairs of rows
  if (isFloat<T>() && p.strideWidth === 1) {
    to += p.top * pitch + p.left * sizeof<T>();
    for (let row = 0; row < rows; row++, to += pitch, from += bytes) copyRow(to, from, bytes);
    return;
  }
  const plane = paddedSize(p) * sizeof<T>();
  const swap = p.left & 1;
  const even = to + (p.left >> 1) * sizeof<T>() + (swap ? plane : 0);
  const odd = to + ((p.left + 1) >> 1) * sizeof<T>() + (swap ? 0 : plane);
  for (let row = p.top; row < rows + p.top; row++, from += bytes) {
    const offset = (row & 1 ? 2 * plane : 0) + (row >> 1) * pitch;
    splitRow<T>(even + offset, odd + offset, from, width);
  }
}

/** Where tap (i, j) of output pixel 0 is, in elements from the beginning of the padded planes. */
// @inline
export function tapAt(p: Depthwise, i: i32, j: i32): i32 {
  const pitch = pitchOf(p);
  if (p.strideWidth === 1) return i * pitch + j;
  return ((i & 1) * 2 + (j & 1)) * paddedSize(p) + (i >> 1) * pitch + (j >> 1);
}
