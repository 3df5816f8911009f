// Patches (what makes a convolution a product) and pooling.

import { planeStride } from './call';
import { round4 } from './epilogue';

/** One row of a patch plane, stride 1 or more: elements that lie in the image are copied, the others are `pad`. */
@inline
function patchRow<T>(x: usize, y: usize, width: i32, outWidth: i32, stride: i32, first: i32, pad: T): void {
  // Output columns [begin, end) see columns first + c * stride inside of the image.
  const begin = min(outWidth, first >= 0 ? 0 : (stride - 1 - first) / stride);
  const end = max(begin, min(outWidth, width > first ? (width - first + stride - 1) / stride : 0));
  for (let c = 0; c < begin; c++) store<T>(y + c * sizeof<T>(), pad);
  if (stride == 1) {
    // Short rows: a loop is faster than a call of memory.copy.
    const bytes = (end - begin) * sizeof<T>();
    const source = x + (first + begin) * sizeof<T>();
    const target = y + begin * sizeof<T>();
    let i = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(target + i, v128.load(source + i));
    for (; i < bytes; i += sizeof<T>()) store<T>(target + i, load<T>(source + i));
  } else {
    let c = begin;
    let from = x + (first + begin * stride) * sizeof<T>();
    if (stride == 2 && sizeof<T>() == 1) {
      // Sixteen evens of 31 columns: the last one is read from a load that starts one earlier.
      for (; c + 16 <= end; c += 16, from += 32) {
        const a = v128.load(from);
        const b = v128.load(from, 15);
        v128.store(
          y + c,
          v128.shuffle<i8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31),
        );
      }
    }
    for (; c < end; c++, from += stride * sizeof<T>()) store<T>(y + c * sizeof<T>(), load<T>(from));
  }
  for (let c = end; c < outWidth; c++) store<T>(y + c * sizeof<T>(), pad);
}

@inline
function patchesOf<T>(
  x: usize,
  y: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  from: i32,
  to: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  top: i32,
  left: i32,
  pad: T,
): void {
  const xStride = planeStride(height * width) * sizeof<T>();
  const yStride = planeStride(outHeight * outWidth) * sizeof<T>();
  for (let channel = from; channel < to; channel++) {
    const source = x + xStride * channel;
    let target = y + yStride * channel * kernelHeight * kernelWidth;
    for (let i = 0; i < kernelHeight; i++) {
      for (let j = 0; j < kernelWidth; j++, target += yStride) {
        const first = j * dilationWidth - left;
        for (let r = 0; r < outHeight; r++) {
          const row = r * strideHeight - top + i * dilationHeight;
          const out = target + r * outWidth * sizeof<T>();
          // A row outside of the image is one whose columns are all outside.
          const columns = <u32>row < <u32>height ? width : 0;
          const begin = columns > 0 ? source + row * width * sizeof<T>() : source;
          patchRow<T>(begin, out, columns, outWidth, strideWidth, columns > 0 ? first : 0, pad);
        }
      }
    }
  }
}

export function patches_int8(
  x: usize,
  y: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  from: i32,
  to: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  dw: i32,
  top: i32,
  left: i32,
  pad: f32,
): void {
  patchesOf<i8>(x, y, height, width, outHeight, outWidth, from, to, kh, kw, sh, sw, dh, dw, top, left, <i8>(<i32>pad));
}

export function patches_float32(
  x: usize,
  y: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  from: i32,
  to: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  dw: i32,
  top: i32,
  left: i32,
  pad: f32,
): void {
  patchesOf<f32>(x, y, height, width, outHeight, outWidth, from, to, kh, kw, sh, sw, dh, dw, top, left, pad);
}

/** The sum of a whole plane of int8. */
function sumInt8(x: usize, size: i32): i32 {
  let sum = i32x4.splat(0);
  let i = 0;
  for (; i + 16 <= size; i += 16) {
    sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v128.load(x + i))));
  }
  let total =
    i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
  for (; i < size; i++) total += load<i8>(x + i);
  return total;
}

function sumFloat32(x: usize, size: i32): f32 {
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= size; i += 4) sum = f32x4.add(sum, v128.load(x + (i << 2)));
  let total =
    f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
  for (; i < size; i++) total += load<f32>(x + (i << 2));
  return total;
}

@inline
function requantizeMean(mean: f32, multiplier: f32, zeroPoint: i32): i32 {
  const lower = f32x4.splat(<f32>(<i32>-128 - zeroPoint));
  const upper = f32x4.splat(<f32>(<i32>127 - zeroPoint));
  return i32x4.extract_lane(round4(f32x4.splat(mean * multiplier), lower, upper, i32x4.splat(zeroPoint - 0x4b400000)), 0);
}

/** `T` is i8 or f32, `S` its sum's type. `inputZero` is subtracted from each element of an average. */
@inline
function poolOf<T, S>(
  x: usize,
  y: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  from: i32,
  to: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  top: i32,
  left: i32,
  bottom: i32,
  right: i32,
  isMaximum: i32,
  countPads: i32,
  inputZero: i32,
  multiplier: f32,
  zeroPoint: i32,
): void {
  const xStride = planeStride(height * width) * sizeof<T>();
  const yStride = planeStride(outHeight * outWidth) * sizeof<T>();
  const isGlobal =
    !isMaximum && kernelHeight == height && kernelWidth == width && (top | left | bottom | right) == 0 &&
    (dilationHeight | dilationWidth) == 1 && outHeight * outWidth == 1;
  const least: S = isFloat<T>() ? <S>-Infinity : <S>-128;
  for (let channel = from; channel < to; channel++) {
    const source = x + xStride * channel;
    let target = y + yStride * channel;
    for (let r = 0; r < outHeight; r++) {
      for (let c = 0; c < outWidth; c++, target += sizeof<T>()) {
        let sum: S = 0;
        let most = least;
        let inside = 0;
        let padded = 0;
        if (isGlobal) {
          sum = isFloat<T>() ? <S>sumFloat32(source, height * width) : <S>sumInt8(source, height * width);
          inside = height * width;
          padded = inside;
        } else {
          for (let i = 0; i < kernelHeight; i++) {
            const row = r * strideHeight - top + i * dilationHeight;
            if (row >= height + bottom) break;
            for (let j = 0; j < kernelWidth; j++) {
              const column = c * strideWidth - left + j * dilationWidth;
              if (column >= width + right) break;
              padded++;
              if (<u32>row >= <u32>height || <u32>column >= <u32>width) continue;
              const value = <S>load<T>(source + (row * width + column) * sizeof<T>());
              inside++;
              if (isMaximum) most = max<S>(most, value);
              else sum += value;
            }
          }
        }
        if (isMaximum) {
          store<T>(target, <T>most);
        } else {
          const divisor = <f32>max(1, countPads ? padded : inside);
          if (isFloat<T>()) store<T>(target, <T>(<f32>sum / divisor));
          else {
            const mean = <f32>(<i32>sum - inputZero * inside) / divisor;
            store<T>(target, <T>requantizeMean(mean, multiplier, zeroPoint));
          }
        }
      }
    }
  }
}

export function pool_int8(
  x: usize,
  y: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  from: i32,
  to: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  dw: i32,
  top: i32,
  left: i32,
  bottom: i32,
  right: i32,
  isMaximum: i32,
  countPads: i32,
  inputZero: i32,
  multiplier: f32,
  zeroPoint: i32,
): void {
  poolOf<i8, i32>(
    x, y, height, width, outHeight, outWidth, from, to, kh, kw, sh, sw, dh, dw, top, left, bottom, right,
    isMaximum, countPads, inputZero, multiplier, zeroPoint,
  );
}

export function pool_float32(
  x: usize,
  y: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  from: i32,
  to: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  dh: i32,
  dw: i32,
  top: i32,
  left: i32,
  bottom: i32,
  right: i32,
  isMaximum: i32,
  countPads: i32,
  inputZero: i32,
  multiplier: f32,
  zeroPoint: i32,
): void {
  poolOf<f32, f32>(
    x, y, height, width, outHeight, outWidth, from, to, kh, kw, sh, sw, dh, dw, top, left, bottom, right,
    isMaximum, countPads, inputZero, multiplier, zeroPoint,
  );
}
