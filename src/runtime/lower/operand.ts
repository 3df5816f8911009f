/**
 * What a node reads and gives while a graph is lowered: constants, and activations that stand for planes in the memory.
 *
 * An activation's elements lie in its planes in the order of `dims` (row-major); what a file sees may be another order
 * of axes, `order`, so that the transpositions of channels-last networks cost nothing. It may also stand for
 * `scale * (q - zeroPoint)` of planes of int8: DequantizeLinear gives such a view, and QuantizeLinear takes it up.
 */

import { elementCount, type Tensor } from '../../ir/index.ts';
import { type ElementType, planeStride } from '../kernels/kernels.ts';

/** Planes of one activation; their address is found later. */
export interface Plane {
  type: ElementType;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Set for a part of a concatenation: its planes are those of `plane` from `channel` on. */
  home?: { readonly plane: Plane; readonly channel: number };
}

export const pixelsOf = ({ height, width }: Pick<Plane, 'height' | 'width'>) => height * width;

/** Elements from the first of the first plane to the end of the last one. */
export const planeElements = (plane: Plane) => plane.channels * planeStride(pixelsOf(plane));

/** One scale for a tensor; `zeroPoint` is that of int8, 128 less than a file's for uint8. */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly dtype: 'int8' | 'uint8';
}

export const sameQuantization = (a: Quantization, b: Quantization) =>
  a.scale === b.scale && a.zeroPoint === b.zeroPoint && a.dtype === b.dtype;

/** Integers with a scale for each index along the axis (or one for all), as DequantizeLinear reads them. */
export interface QuantizedConstant {
  readonly values: Tensor;
  readonly scales: ArrayLike<number>;
  readonly zeroPoints: ArrayLike<number> | undefined;
  readonly axis: number;
}

export interface Constant {
  readonly kind: 'constant';
  readonly dims: readonly number[];
  /** Computed from the shape of an activation, that is, for a batch of one. */
  readonly isFromShape: boolean;
  readonly quantized?: QuantizedConstant;
  /** The elements; those of a quantized constant are computed when they are asked for. */
  readonly tensor: () => Tensor;
}

export interface Activation {
  readonly kind: 'activation';
  readonly plane: Plane;
  /** In the order of the planes. */
  readonly dims: readonly number[];
  /** Axis `i` of the file's tensor is axis `order[i]` of `dims`; absent where they are the same. */
  readonly order?: readonly number[];
  /** The element type in the file: int8 and uint8 of planes of int8, all others of planes of floats. */
  readonly dtype: 'float32' | 'int8' | 'uint8' | 'int32' | 'int64' | 'bool';
  /** Given for a dequantized view of int8 planes; `dtype` is then float32. */
  readonly quantization?: Quantization;
  /** Whether nothing but this activation reads the planes. */
  readonly isOnlyView: boolean;
}

export type Operand = Constant | Activation;

/** How `dims` are laid out: a first dimension of 1 is the batch's. */
export function planeShape(dims: readonly number[]): { channels: number; height: number; width: number } {
  const rest = dims[0] === 1 && dims.length > 1 ? dims.slice(1) : dims;
  const [channels = 1, ...space] = rest;
  const width = space.at(-1) ?? 1;
  return { channels, height: elementCount(space.slice(0, -1)), width };
}

/** Height and width of an activation, which may see its planes as an image of another shape. */
export const sizeOf = ({ dims }: Activation): readonly [height: number, width: number] => {
  const { height, width } = planeShape(dims);
  return [height, width];
};

export const newPlane = (type: ElementType, dims: readonly number[]): Plane => ({ type, ...planeShape(dims) });

export function activationOf(
  plane: Plane,
  dims: readonly number[],
  dtype: Activation['dtype'] = 'float32',
): Activation {
  return { kind: 'activation', plane, dims, dtype, isOnlyView: true };
}

/** Dimensions as the file sees them. */
export const fileDims = ({ dims, order }: Activation): readonly number[] => order?.map((axis) => dims[axis]!) ?? dims;

export const constantOf = (tensor: Tensor, isFromShape = false): Constant => ({
  kind: 'constant',
  dims: tensor.dims,
  isFromShape,
  tensor: () => tensor,
});
