/**
 * Elements as numbers and back. Arithmetic happens in double precision and is rounded once to the element type. 64-bit
 * integers are exact to 2^53 and saturate at their range.
 */

import {
  allocate,
  type DType,
  decodeHalf,
  elementCount,
  type Node,
  type Tensor,
  TritbankError,
} from '../../ir/index.ts';
import { misfit, printDims } from './errors.ts';

/** No constant is larger than this, so that a damaged shape does not fill the memory. */
const maxElements = 2 ** 27;

/** 64-bit integers are computed with one by one. */
const wideCost = 4;

/**
 * The product of `dims`, taken from the graph's budget `times`; E_LIMIT where no constant can be that large, or too much
 * was computed already, E_SHAPE for what are no dimensions.
 */
export function countOf(dims: readonly number[], node: Node, dtype: DType, times = 1): number {
  if (!dims.every((d) => Number.isInteger(d) && d >= 0))
    throw misfit(node, 'dimensions of at least 0', printDims(dims));
  const count = elementCount(dims);
  if (!(count <= maxElements)) {
    const message = `expected a constant of at most ${maxElements} elements, found ${printDims(dims)}`;
    throw new TritbankError('E_LIMIT', node.label, message);
  }
  node.graph.budget.take(count * times * (isWide(dtype) ? wideCost : 1), node.label);
  return count;
}

const isWide = (dtype: DType) => dtype === 'int64' || dtype === 'uint64';

let halves: Float32Array | undefined;

/** Every half-precision number by its bits: looking up is faster than decoding, from a few thousand elements on. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => decodeHalf(bits));
  return halves;
}

function halvesToFloats(bits: Uint16Array): Float32Array {
  const table = halfTable();
  const floats = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) floats[i] = table[bits[i]!]!;
  return floats;
}

/** The elements as numbers, without a copy where they are stored as such. Strings have none: E_UNSUPPORTED. */
export function numbersOf({ dtype, data }: Tensor, where: string): ArrayLike<number> {
  switch (dtype) {
    case 'string':
      throw new TritbankError('E_UNSUPPORTED', where, 'expected numbers, found strings');
    case 'int64':
    case 'uint64':
      return Float64Array.from(data as BigInt64Array, Number);
    case 'float16':
      return halvesToFloats(data as Uint16Array);
    case 'bfloat16':
      return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
    default:
      return data as Float32Array;
  }
}

/** The elements of an optional operand: axes, sizes, pads. */
export const integersOf = (tensor: Tensor | undefined, where: string): number[] | undefined =>
  tensor && Array.from(numbersOf(tensor, where));

/** A tensor of `dtype` from numbers: rounded to a float type, truncated and wrapped to an integer type. */
export function fromNumbers(dtype: DType, dims: readonly number[], values: ArrayLike<number>): Tensor {
  switch (dtype) {
    case 'string':
      throw new Error('internal: string tensor made of numbers');
    case 'float32':
      return { dtype, dims, data: values instanceof Float32Array ? values : Float32Array.from(values) };
    case 'int64':
      return { dtype, dims, data: BigInt64Array.from(values, (v) => toBigInt(v, int64Range)) };
    case 'uint64':
      return { dtype, dims, data: BigUint64Array.from(values, (v) => toBigInt(v, uint64Range)) };
    case 'float16':
      return { dtype, dims, data: Uint16Array.from(values, encodeHalf) };
    case 'bfloat16':
      return { dtype, dims, data: Uint16Array.from(values, encodeBfloat) };
    case 'bool':
      return { dtype, dims, data: Uint8Array.from(values, (v) => Number(v !== 0)) };
    default: {
      const data = allocate(dtype, values.length) as Float64Array;
      data.set(values);
      return { dtype, dims, data };
    }
  }
}

const int64Range = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const uint64Range = [0n, 2n ** 64n - 1n] as const;

function toBigInt(value: number, [low, high]: readonly [bigint, bigint]): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= Number(high)) return high;
  return value <= Number(low) ? low : BigInt(Math.trunc(value));
}

/** Nearest integer, halves to the even one. */
export function roundEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** IEEE 754 half-precision bits of the nearest half. */
function encodeHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent--;
  // A fraction that rounds up to 1024 carries into the exponent, as it should.
  return sign | (((exponent + 15) << 10) + roundEven((size / 2 ** exponent - 1) * 1024));
}

function encodeBfloat(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  if (Number.isNaN(value)) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
