/**
 * What the runtime computes with: an interface of kernels over one linear memory, implemented twice, in plain
 * TypeScript (the reference that tests compare with) and in WebAssembly.
 *
 * Layout. Activations of one image are planes: element (c, p) of a tensor [C, H, W], p = row * W + column, lies at
 * `address + (c * stride + p) * bytes`, with `stride = planeStride(H * W)` elements. What lies between H * W and the
 * stride is unspecified: kernels may read it and may overwrite it. Addresses are multiples of 16.
 *
 * Integers. An activation is an int8 `q` that stands for `scale * (q - zeroPoint)`; uint8 of a file becomes int8 by
 * subtracting 128 from value and zero point. Products sum in int32 (each partial sum in int16 only where it cannot
 * overflow), then, with the row's bias and multiplier,
 *
 *   y = clamp(roundHalfToEven(float32(sum + bias) * multiplier) + zeroPoint, lower, upper)
 *
 * as ONNX Runtime's QLinearConv does. Zero points of inputs are in the biases: `bias - zeroPoint * sum of the row's
 * weights`.
 */

import type { IntegerValues } from './packing.ts';

/** Elements from one plane to the next. */
export const planeStride = (pixels: number): number => (pixels + 31) & ~31;

export type ElementType = 'int8' | 'float32';

/** What follows the sum of each output row; arrays by address, `rows` elements each. */
export interface Int8Epilogue {
  readonly type: 'int8';
  /** int32 */
  readonly biases: number;
  /** float32: input scale * weight scale / output scale */
  readonly multipliers: number;
  readonly zeroPoint: number;
  /** Bounds of y after the zero point was added, from -128 to 127. */
  readonly lower: number;
  readonly upper: number;
}

export interface Float32Epilogue {
  readonly type: 'float32';
  /** float32, address */
  readonly biases: number;
  /** float32, address: what the sum is multiplied with before the bias is added; 0: nothing. */
  readonly multipliers: number;
  /** -Infinity for none. */
  readonly lower: number;
  /** One for all rows (Infinity for none), or the address of float32 for each row. */
  readonly upper: number | { readonly address: number };
}

export type Epilogue = Int8Epilogue | Float32Epilogue;

/** A weight matrix `[rows, columns]`, row-major: -1, 0, 1 for `ternary`. */
export type Weights =
  | { readonly kind: 'ternary'; readonly rows: number; readonly columns: number; readonly values: IntegerValues }
  | { readonly kind: 'int8'; readonly rows: number; readonly columns: number; readonly values: IntegerValues }
  | { readonly kind: 'float32'; readonly rows: number; readonly columns: number; readonly values: Float32Array };

/** Ways to multiply by a matrix, `<weights>_<method>_<activations>`; the WebAssembly functions are called the same. */
export type VariantName =
  | 'float32_dense_float32'
  | 'float32_vector_float32'
  | 'int8_dense_int8'
  | 'int4_dense_int8'
  | 'int4_vector_int8'
  | 'int8_dot_int8'
  | 'int4_dot_int8'
  | 'ternary_dot_int8'
  | 'int8_vector_int8'
  | 'ternary_listed_float32'
  | 'ternary_listed_int8'
  | 'ternary_lookup3_int8'
  | 'ternary_lookup4_float32'
  | 'ternary_lookup4_int8'
  | 'ternary_vector_int8';

/** A matrix for which a variant was chosen. */
export interface PreparedProduct {
  readonly variant: VariantName;
  readonly activations: ElementType;
  readonly kind: Weights['kind'];
  readonly rows: number;
  readonly columns: number;
  /** Of ternary weights those other than zero, else all. */
  readonly nonZeros: number;
  /** The least bits that hold all integers. */
  readonly bits: number;
  /** Of the weights in the variant's layout. */
  readonly bytes: number;
  /** Scratch memory that one call needs, in bytes. */
  readonly scratch: number;
}

/** A matrix in the layout of the variant that was chosen for it. */
export interface PackedProduct extends PreparedProduct {
  /** To be placed in the memory, at a multiple of 16. */
  readonly data: Uint8Array;
}

export interface ProductCall {
  /** Where `PackedProduct.data` was placed. */
  readonly data: number;
  readonly scratch: number;
  /** `[columns, pixels]`, int8 or float32 as the product was prepared for. */
  readonly x: number;
  readonly xStride: number;
  /** `[rows, pixels]`, of the epilogue's type. */
  readonly y: number;
  readonly yStride: number;
  /** Computed are the pixels from `from` (a multiple of 32) up to `to`. */
  readonly from: number;
  readonly to: number;
  readonly epilogue: Epilogue;
}

/**
 * A window that slides over planes: kernel, strides, dilations as [vertical, horizontal], pads as [top, left, bottom,
 * right].
 */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}

/** Bytes at the start of each call's scratch memory that hold its parameters. */
export const parameterBytes = 128;

/**
 * From planes [channels, height, width] to planes of another size. Computed are the channels from `from` up to `to`.
 */
export interface PlanesCall {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly from: number;
  readonly to: number;
  readonly window: Window;
  /** `parameterBytes`, unless the kernel says that it needs more. */
  readonly scratch: number;
}

export interface DepthwiseCall extends PlanesCall {
  /** [channels, kernel height * kernel width], int8 or float32 as the epilogue's type. Channel multiplier 1. */
  readonly weights: number;
  /** What stands for zero outside of the image: the input's zero point; 0 for float32. */
  readonly padValue: number;
  readonly epilogue: Epilogue;
}

/**
 * y[(c * kh + i) * kw + j, p] = x[c, pixel under tap (i, j) of output pixel p]: a convolution is a product with that.
 */
export interface PatchesCall extends PlanesCall {
  readonly type: ElementType;
  readonly padValue: number;
}

export interface PoolCall extends PlanesCall {
  readonly kind: 'average' | 'maximum';
  /** Whether an average divides by the whole window, pads too. */
  readonly countPads: boolean;
  /**
   * int8: requantized as y = clamp(round(mean(x - inputZeroPoint) * multiplier) + zeroPoint), in float32; a maximum
   * copies.
   */
  readonly quantization:
    | { readonly type: 'float32' }
    | {
        readonly type: 'int8';
        readonly inputZeroPoint: number;
        readonly multiplier: number;
        readonly zeroPoint: number;
      };
}

/**
 * y = clamp(round((a.scale (a - a.zeroPoint) + b.scale (b - b.zeroPoint)) / scale) + zeroPoint) over `count` elements.
 */
export interface AddInt8Call {
  readonly a: number;
  readonly b: number;
  readonly y: number;
  readonly count: number;
  /** `parameterBytes`. */
  readonly scratch: number;
  readonly scales: readonly [a: number, b: number, y: number];
  readonly zeroPoints: readonly [a: number, b: number, y: number];
  readonly lower: number;
  readonly upper: number;
}

/** float32 -> int8: clamp(roundHalfToEven(x / scale) + zeroPoint, -128, 127), or back: scale * (q - zeroPoint). */
export interface QuantizeCall {
  readonly x: number;
  readonly y: number;
  readonly count: number;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Executes on one thread; several instances may share one memory. */
export interface Kernels {
  readonly name: 'reference' | 'simd' | 'relaxed-simd';
  readonly memory: WebAssembly.Memory;
  product(prepared: PreparedProduct, call: ProductCall): void;
  depthwise(call: DepthwiseCall): void;
  /** Scratch bytes of one `depthwise` call. */
  depthwiseScratch(call: Pick<DepthwiseCall, 'height' | 'width' | 'window'>, type: ElementType): number;
  patches(call: PatchesCall): void;
  pool(call: PoolCall): void;
  addInt8(call: AddInt8Call): void;
  quantize(call: QuantizeCall): void;
  dequantize(call: QuantizeCall): void;
}
