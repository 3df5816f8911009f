/**
 * Weights of a product as the kernels take them: ternary where all are -1, 0 or 1, int8 with a scale for each row, or
 * float32.
 */

import type { Node } from '../../ir/index.ts';
import { misfit, unsupported } from '../../ops/arithmetic/errors.ts';
import { numbersOf } from '../../ops/arithmetic/numbers.ts';
import { type IntegerValues, measure, toIntegers } from '../kernels/packing.ts';
import { packedValuesOf } from '../packed-constants.ts';
import type { LayerWeights } from './layers.ts';
import type { Constant } from './operand.ts';

export interface RowWeights {
  readonly weights: LayerWeights;
  /** Of each row, what its integers stand for; absent for 1. */
  readonly scales?: Float32Array;
}

/** -1, 0 and 1 as int8, or undefined where another value is among them. Most weights differ in their first elements. */
function takeTrits(values: Float32Array): Int8Array | undefined {
  const trits = new Int8Array(values.length);
  for (let i = 0; i < trits.length; i++) {
    const value = values[i]!;
    if (value !== 0 && value !== 1 && value !== -1) return undefined;
    trits[i] = value;
  }
  return trits;
}

function areTrits(values: IntegerValues, rows: number): boolean {
  const { least, most } = measure({ rows, columns: values.length / Math.max(1, rows), values });
  return least >= -1 && most <= 1;
}

/** `[rows, columns]` from `[columns, rows]`. */
function transposed<T extends Int8Array | Float32Array>(values: T, rows: number, columns: number): T {
  const result = values.slice() as T;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[r * columns + c] = values[c * rows + r]!;
  return result;
}

/** The matrix whose rows are filters; `isTransposed` for one stored as `[columns, rows]`. */
export function rowWeights(node: Node, constant: Constant, rows: number, isTransposed = false): RowWeights {
  const read = constant.quantized ? integerWeights(node, constant, rows, isTransposed) : undefined;
  const result = read ?? floatWeights(node, constant);
  if (!isTransposed) return result;
  const { kind, values } = result.weights;
  const columns = values.length / Math.max(1, rows);
  const numbers = values instanceof Float32Array ? values : toIntegers(values);
  const weights = { kind, values: transposed(numbers, rows, columns) } as LayerWeights;
  return { ...result, weights };
}

function floatWeights(node: Node, constant: Constant): RowWeights {
  const tensor = constant.tensor();
  if (tensor.dtype !== 'float32' && tensor.dtype !== 'float64')
    throw unsupported(node, 'float32 weights', tensor.dtype);
  const numbers = numbersOf(tensor, node.label);
  const values = numbers instanceof Float32Array ? numbers : new Float32Array(numbers);
  const trits = takeTrits(values);
  if (trits) return { weights: { kind: 'ternary', values: trits } };
  return { weights: { kind: 'float32', values } };
}

/** Zero points go into the integers; undefined where those no longer fit int8, or scales are not those of rows. */
function integerWeights(node: Node, constant: Constant, rows: number, isTransposed: boolean): RowWeights | undefined {
  const { values, scales, zeroPoints, axis } = constant.quantized!;
  const rowAxis = isTransposed ? constant.dims.length - 1 : 0;
  if (scales.length !== 1 && axis !== rowAxis) return undefined;
  if (scales.length !== 1 && scales.length !== rows) throw misfit(node, `${rows} scales of weights`, scales.length);
  const hasZeros = zeroPoints !== undefined && Array.from(zeroPoints).some((zero) => zero !== 0);
  const integers =
    values.dtype === 'int8' && !hasZeros
      ? (packedValuesOf(values) ?? (values.data as Int8Array))
      : withoutZeros(numbersOf(values, node.label), zeroPoints, rows, isTransposed);
  if (!integers) return undefined;
  const kind = areTrits(integers, rows) ? 'ternary' : 'int8';
  const rowScales = Float32Array.from({ length: rows }, (_, row) => scales[scales.length === 1 ? 0 : row]!);
  return { weights: { kind, values: integers }, scales: rowScales };
}

function withoutZeros(
  values: ArrayLike<number>,
  zeroPoints: ArrayLike<number> | undefined,
  rows: number,
  isTransposed: boolean,
): Int8Array | undefined {
  const integers = new Int8Array(values.length);
  const columns = integers.length / Math.max(1, rows);
  for (let i = 0; i < integers.length; i++) {
    const row = isTransposed ? i % rows : Math.floor(i / columns);
    const value = values[i]! - (zeroPoints?.[zeroPoints.length === 1 ? 0 : row] ?? 0);
    integers[i] = value;
    if (integers[i] !== value) return undefined;
  }
  return integers;
}
