// Patches (what makes a convolution a product) and pooling.

import { Patches, Pool, planeStride } from './call';
import { round4 } from './epilogue';

/** One row of a patch plane, stride 1 or more: elements that lie in the image are copied, the others are `pad`. */
// @inline
function patchRow<T>(x: usize, y: usize, width: i32, outWidth: i32, stride: i32, first: i32, pad: T): void {
  // Output columns [begin, end) see columns first + c * stride inside of the image.
  const begin = min(outWidth, first >= 0 ? 0 : (stride - 1 - first) / stride);
  const end = max(begin, min(outWidth, width > first ? (width - first + stride - 1) / stride : 0));
  for (let c = 0; c < begin; c++) store<T>(y + c * sizeof<T>(), pad);
  if (stride === 1) {
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
    if (stride === 2 && sizeof<T>() === 1) {
      // Sixteen evens of 31 columns: the last one is read from a load that starts one earlier.
      for (; c + 16 <= end; c += 16, from += 32) {
        const a = v128.load(from);
        const b = v128.load(from, 15);
        v128.store(y + c, v128.shuffle<i8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31));
      }
    }
    for (; c < end; c++, from += stride * sizeof<T>()) store<T>(y + c * sizeof<T>(), load<T>(from));
  }
  for (let c = end; c < outWidth; c++) store<T>(y + c * sizeof<T>(), pad);
}

// @inline
function patches<T>(p: Patches, pad: T): void {
  const height = p.height;
  const width = p.width;
  const outHeight = p.outHeight;
  const outWidth = p.outWidth;
  const strideHeight = p.strideHeight;
  const strideWidth = p.strideWidth;
  const xStride = planeStride(height * width) * sizeof<T>();
  const yStride = planeStride(outHeight * outWidth) * sizeof<T>();
  for (let channel = p.from; channel < p.to; channel++) {
    const source = p.x + xStride * channel;
    let target = p.y + yStride * channel * p.kernelHeight * p.kernelWidth;
    for (let i = 0; i < p.kernelHeight; i++) {
      for (let j = 0; j < p.kernelWidth; j++, target += yStride) {
        const first = j * p.dilationWidth - p.left;
        let row = i * p.dilationHeight - p.top;
        let out = target;
        for (let r = 0; r < outHeight; r++, row += strideHeight, out += outWidth * sizeof<T>()) {
          // A row outside of the image is one whose columns are all outside.
          const columns = <u32>row < <u32>height ? width : 0;
          const begin = columns > 0 ? source + row * width * sizeof<T>() : source;
          patchRow<T>(begin, out, columns, outWidth, strideWidth, columns > 0 ? first : 0, pad);
        }
      }
    }
  }
}

export function patches_int8(call: usize): void {
  const p = changetype<Patches>(call);
  patches<i8>(p, <i8>(<i32>p.padValue));
}

export function patches_float32(call: usize): void {
  const p = changetype<Patches>(call);
  patches<f32>(p, p.padValue);
}

/** Lanes of the sums of vectors of `T`, i8 or f32: four int32 or four float32. */
// @inline
function addLanes<T>(sum: v128, at: usize): v128 {
  const x = v128.load(at);
  return isFloat<T>()
    ? f32x4.add(sum, x)
    : i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(x)));
}

/** The sum of a whole plane of `T`, i8 or f32; `S` is its type. */
function sumPlane<T, S>(x: usize, size: i32): S {
  const lanes: i32 = 16 / sizeof<T>();
  let sum = i32x4.splat(0);
  let i = 0;
  for (; i + lanes <= size; i += lanes) sum = addLanes<T>(sum, x + i * sizeof<T>());
  let total = <S>(
    (v128.extract_lane<S>(sum, 0) +
      v128.extract_lane<S>(sum, 1) +
      (v128.extract_lane<S>(sum, 2) + v128.extract_lane<S>(sum, 3)))
  );
  for (; i < size; i++) total += <S>load<T>(x + i * sizeof<T>());
  return total;
}

// @inline
function requantizeMean(mean: f32, multiplier: f32, zeroPoint: i32): i32 {
  const lower = f32x4.splat(<f32>(<i32>-128 - zeroPoint));
  const upper = f32x4.splat(<f32>(<i32>127 - zeroPoint));
  return i32x4.extract_lane(
    round4(f32x4.splat(mean * multiplier), lower, upper, i32x4.splat(zeroPoint - 0x4b400000)),
    0,
  );
}

/** True for a window that covers a plane. */
// @inline
function isGlobal(p: Pool): bool {
  return (
    p.kernelHeight === p.height &&
    p.kernelWidth === p.width &&
    (p.top | p.left | p.bottom | p.right) === 0 &&
    (p.dilationHeight | p.dilationWidth) === 1 &&
    p.outHeight * p.outWidth === 1
  );
}

/** `inside` elements as their mean; of int8 without their zero point, requantized. `S` is the sum's type. */
// @inline
function storeMean<T, S>(p: Pool, target: usize, sum: S, inside: i32, padded: i32): void {
  const divisor = <f32>max(1, p.countPads ? padded : inside);
  if (isFloat<T>()) store<T>(target, <T>(<f32>sum / divisor));
  else {
    const mean = <f32>(<i32>sum - p.inputZero * inside) / divisor;
    store<T>(target, <T>requantizeMean(mean, p.multiplier, p.zeroPoint));
  }
}

/** `T` is i8 or f32, `S` its sum's type; `isMaximum` is known when this is compiled. */
// @inline
function slide<T, S>(p: Pool, isMaximum: bool): void {
  const height = p.height;
  const width = p.width;
  const kernelHeight = p.kernelHeight;
  const kernelWidth = p.kernelWidth;
  const dilationHeight = p.dilationHeight;
  const dilationWidth = p.dilationWidth;
  // Where the padded image ends.
  const lastRow = height + p.bottom;
  const lastColumn = width + p.right;
  const xStride = planeStride(height * width) * sizeof<T>();
  const yStride = planeStride(p.outHeight * p.outWidth) * sizeof<T>();
  const isWhole = !isMaximum && isGlobal(p);
  const least: S = isFloat<T>() ? <S>-Infinity : <S>-128;
  for (let channel = p.from; channel < p.to; channel++) {
    const source = p.x + xStride * channel;
    let target = p.y + yStride * channel;
    if (isWhole) {
      const size = height * width;
      storeMean<T, S>(p, target, sumPlane<T, S>(source, size), size, size);
      continue;
    }
    for (let r = 0; r < p.outHeight; r++) {
      const top = r * p.strideHeight - p.top;
      for (let c = 0; c < p.outWidth; c++, target += sizeof<T>()) {
        const left = c * p.strideWidth - p.left;
        let sum: S = 0;
        let most = least;
        let inside = 0;
        let padded = 0;
        for (let i = 0; i < kernelHeight; i++) {
          const row = top + i * dilationHeight;
          if (row >= lastRow) break;
          for (let j = 0; j < kernelWidth; j++) {
            const column = left + j * dilationWidth;
            if (column >= lastColumn) break;
            padded++;
            if (<u32>row >= <u32>height || <u32>column >= <u32>width) continue;
            const value = <S>load<T>(source + (row * width + column) * sizeof<T>());
            inside++;
            if (isMaximum) most = max<S>(most, value);
            else sum += value;
          }
        }
        if (isMaximum) store<T>(target, <T>most);
        else storeMean<T, S>(p, target, sum, inside, padded);
      }
    }
  }
}

// @inline
function pool<T, S>(p: Pool): void {
  if (p.isMaximum) slide<T, S>(p, true);
  else slide<T, S>(p, false);
}

export function pool_int8(call: usize): void {
  pool<i8, i32>(changetype<Pool>(call));
}

export function pool_float32(call: usize): void {
  pool<f32, f32>(changetype<Pool>(call));
}
