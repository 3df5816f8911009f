/** Dense constants: reading them as numbers, moving their elements, and operating on pairs with broadcasting. */

import {
  allocate,
  bytesPerElement,
  elementCount,
  type NumericDType,
  type Tensor,
  TritbankError,
} from '../../ir/index.ts';

/** Constants that a file computes from small ones are bounded, so that a damaged shape does not fill the memory. */
const maxElements = 2 ** 27;

export type Numbers = Exclude<Tensor['data'], string[]>;

/** The product of `dims`; E_UNSUPPORTED where no constant of the runtime can be that large. */
export function countOf(dims: readonly number[], where: string): number {
  const count = elementCount(dims);
  if (count <= maxElements && dims.every((d) => Number.isInteger(d) && d >= 0)) return count;
  const message = `expected a constant of at most ${maxElements} elements, found [${dims.join(', ')}]`;
  throw new TritbankError('E_UNSUPPORTED', where, message);
}

let halves: Float32Array | undefined;

/** Every half-precision number by its bits: looking up is faster than decoding, from a few thousand elements on. */
function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const sign = bits & 0x8000 ? -1 : 1;
    if (exponent === 31) halves[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else halves[bits] = exponent ? (sign * (1024 + fraction) * 2 ** exponent) / 2 ** 25 : (sign * fraction) / 2 ** 24;
  }
  return halves;
}

/** The elements as numbers, without a copy where they are stored as such. Strings have none: E_UNSUPPORTED. */
export function numbersOf(tensor: Tensor, where: string): ArrayLike<number> {
  const { dtype, data } = tensor;
  if (dtype === 'string') throw new TritbankError('E_UNSUPPORTED', where, 'expected numbers, found strings');
  if (dtype === 'int64' || dtype === 'uint64') return Float64Array.from(data as BigInt64Array, Number);
  if (dtype === 'float16') return halvesToFloats(data as Uint16Array);
  if (dtype === 'bfloat16') {
    return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  }
  return data as Float32Array;
}

function halvesToFloats(bits: Uint16Array): Float32Array {
  const table = halfTable();
  const floats = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) floats[i] = table[bits[i]!]!;
  return floats;
}

/** A tensor of `dtype` with these numbers, rounded towards zero where it holds integers. */
export function tensorOf(
  dtype: NumericDType,
  dims: readonly number[],
  values: ArrayLike<number>,
  where: string,
): Tensor {
  if (dtype === 'float32') {
    return { dtype, dims, data: values instanceof Float32Array ? values : Float32Array.from(values) };
  }
  if (dtype === 'float16' || dtype === 'bfloat16') {
    throw new TritbankError('E_UNSUPPORTED', where, `expected a result other than ${dtype}, found it`);
  }
  const data = allocate(dtype, values.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) {
      const value = Math.trunc(values[i]!);
      if (!Number.isFinite(value)) throw new TritbankError('E_UNSUPPORTED', where, `expected integers, found ${value}`);
      data[i] = BigInt(value);
    }
  } else if (dtype === 'bool') for (let i = 0; i < values.length; i++) data[i] = Number(values[i] !== 0);
  else data.set(values);
  return { dtype, dims, data };
}

/** Elements from one step along each axis to the next, row-major. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  for (let axis = dims.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= dims[axis]!;
  }
  return strides;
}

/** Calls `visit(row, source)` for each innermost row of `dims`, with the source offset by `strides`. */
export function eachRow(
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
  visit: (row: number, source: number) => void,
): void {
  const outer = dims.slice(0, -1);
  const index = new Array<number>(outer.length).fill(0);
  const rows = elementCount(outer);
  if (dims.at(-1) === 0) return;
  for (let row = 0, source = offset; row < rows; row++) {
    visit(row, source);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < outer[axis]!) break;
      source -= strides[axis]! * outer[axis]!;
      index[axis] = 0;
    }
  }
}

/** y[i0, i1, ...] = data[offset + i0 strides[0] + i1 strides[1] + ...]. */
export function moveElements(
  tensor: Tensor,
  dims: readonly number[],
  strides: readonly number[],
  offset: number,
  where: string,
): Tensor {
  const count = countOf(dims, where);
  const { dtype } = tensor;
  if (dtype === 'string') throw new TritbankError('E_UNSUPPORTED', where, 'expected numbers, found strings');
  const data = allocate(dtype, count) as Float32Array;
  const from = tensor.data as Float32Array;
  const width = dims.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  eachRow(dims.length > 0 ? dims : [1], strides, offset, (row, source) => {
    const start = row * width;
    if (step === 1) data.set(from.subarray(source, source + width), start);
    else for (let i = 0; i < width; i++) data[start + i] = from[source + i * step]!;
  });
  return { dtype, dims, data } as Tensor;
}

/** Joint dimensions of two operands, or undefined where they do not broadcast. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const dims: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    dims.push(x === 1 ? y : x);
  }
  return dims;
}

/** Strides that read a tensor of `dims` as one of `target`, to which it broadcasts. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(dims);
  const lead = target.length - dims.length;
  return target.map((_, axis) => (axis < lead || dims[axis - lead] === 1 ? 0 : own[axis - lead]!));
}

/** The tensor spread over `dims`, to which it broadcasts. */
export function expandTo(tensor: Tensor, dims: readonly number[], where: string): Tensor {
  return moveElements(tensor, dims, broadcastStrides(tensor.dims, dims), 0, where);
}

/** Bytes of the constant, for limits. */
export const bytesOf = (tensor: Tensor) => tensor.data.length * bytesPerElement(tensor.dtype);
