/** What a variant of the matrix product is: a layout of the weights and the kernel of the same name that reads it. */

import type { ElementType, PreparedProduct, VariantName, Weights } from '../kernels.ts';
import { type Integers, measure, toIntegers } from '../packing.ts';

/** What the time of a product depends on: a matrix that may be one to come. */
export interface MatrixShape {
  readonly kind: Weights['kind'];
  readonly rows: number;
  readonly columns: number;
  /** Of ternary matrices. */
  readonly nonZeros: number;
  /** The least bits that hold all integers, with their sign; 32 for floats. */
  readonly bits: number;
}

export interface Variant {
  readonly name: VariantName;
  readonly activations: ElementType;
  /** Whether its kernel needs relaxed SIMD. */
  readonly isRelaxed?: boolean;
  /** Whether it is exact in this engine (absent: in all). */
  isExact?(): boolean;
  accepts(matrix: Pick<MatrixShape, 'kind' | 'columns' | 'bits'>): boolean;
  /** How often the kernel does each of the things that its time is made of. */
  countWork(matrix: MatrixShape, pixels: number): readonly number[];
  /**
   * What each of these takes, in nanoseconds: fitted by `npm run bench -- kernels --calibrate` on an AMD EPYC (Zen 4).
   */
  readonly unitCosts: readonly number[];
  /** A layout of integers may be a view that is valid until the next one is packed. */
  pack(weights: Weights): Uint8Array;
  /** The weights, row-major, from what `pack` returned. */
  unpack(data: Uint8Array, rows: number, columns: number): Int8Array | Float32Array;
  /** About how many bits a weight takes in memory. */
  weightBits(matrix: MatrixShape): number;
  /** Scratch memory of one call, in bytes. */
  scratch(rows: number, columns: number): number;
}

/** Predicted time of one product in nanoseconds, on the machine that unit costs were fitted on. */
export function predictCost(variant: Variant, matrix: MatrixShape, pixels: number): number {
  return variant.countWork(matrix, pixels).reduce((sum, count, i) => sum + count * variant.unitCosts[i]!, 0);
}

export function integersOf({ kind, rows, columns, values }: Weights): Integers {
  if (kind !== 'float32') return { rows, columns, values };
  throw new Error('internal: float32 weights taken for integers');
}

export const numbersIn = ({ values }: Weights): Int8Array | Float32Array =>
  values instanceof Float32Array ? values : toIntegers(values);

export const shapeOf = (weights: Weights): MatrixShape => {
  const { kind, rows, columns, values } = weights;
  if (kind === 'float32') return { kind, rows, columns, nonZeros: values.length, bits: 32 };
  const { nonZeros, least, most } = measure(integersOf(weights));
  if (kind === 'ternary') return { kind, rows, columns, nonZeros, bits: 2 };
  return { kind, rows, columns, nonZeros: values.length, bits: 33 - Math.clz32(Math.max(most, -least - 1)) };
};

/** Sums of float32 have no int8 epilogue: how they would be rounded is not defined. */
export function checkEpilogue({ variant, activations }: PreparedProduct, type: ElementType): void {
  if (activations === 'float32' && type === 'int8') throw new Error(`internal: ${variant} with an int8 epilogue`);
}

/** Vectors of 16 bytes that hold so many pixels (int8 as int16), and the tiles of four that they make. */
export function vectorsOf(pixels: number, activations: ElementType): { vectors: number; tiles: number } {
  const vectors = Math.ceil(pixels / (activations === 'int8' ? 8 : 4));
  return { vectors, tiles: Math.ceil(vectors / 4) };
}

export const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
