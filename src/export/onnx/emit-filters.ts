/**
 * The weights of a layer whose filters are stored in several forms: those of each form as a constant of their own, unpacked,
 * joined, and brought into the order of the filters.
 *
 *   Gather(Concat(part, part, ..), order)
 */

import { int, type Tensor, type Value } from '../../ir/index.ts';
import type { Emitter } from './emitter.ts';
import { emitPacked, nibbles } from './packed.ts';

/** The filters of each number of bits, most bits first. */
export function partsOf(bits: readonly number[]): { readonly bits: number; readonly filters: readonly number[] }[] {
  const known = [...new Set(bits)].sort((a, b) => b - a);
  return known.map((one) => ({ bits: one, filters: bits.flatMap((b, f) => (b === one ? [f] : [])) }));
}

/** Some filters of a weight, `[.., filters, ..]` along the axis. */
export function pickFilters<T extends Int8Array | Float32Array>(
  { data, dims }: { readonly data: T; readonly dims: readonly number[] },
  axis: number,
  filters: readonly number[],
): { readonly data: T; readonly dims: number[] } {
  const inner = dims.slice(axis + 1).reduce((product, d) => product * d, 1);
  const outer = data.length / (inner * dims[axis]!);
  const picked = data.slice(0, outer * filters.length * inner) as T;
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const f of filters) {
      const from = (o * dims[axis]! + f) * inner;
      picked.set(data.subarray(from, from + inner), at);
      at += inner;
    }
  }
  return { data: picked, dims: dims.with(axis, filters.length) };
}

/** Indices in the fewest bytes that Cast takes everywhere. */
function emitOrder(to: Emitter, name: string, order: readonly number[]): Value {
  const isByte = order.length <= 256;
  const dtype = isByte ? 'uint8' : 'int32';
  const data = isByte ? Uint8Array.from(order) : Int32Array.from(order);
  const constant = to.constant(name, { dtype, dims: [order.length], data } as Tensor);
  return isByte ? to.cast(constant, 'int32') : constant;
}

/**
 * Emits each part, by `emit`, under a name of its own (the weight's where there is only one), and joins them. `bits` has
 * a number for each filter.
 */
export function emitParts(
  to: Emitter,
  name: string,
  axis: number,
  bits: readonly number[],
  emit: (name: string, bits: number, filters: readonly number[]) => Value,
): Value {
  const parts = partsOf(bits);
  if (parts.length === 1) return emit(name, parts[0]!.bits, parts[0]!.filters);
  const values = parts.map((part) => emit(`${name}_${part.bits}`, part.bits, part.filters));
  const joined = to.op('Concat', values, { axis: int(axis) });
  const order = new Array<number>(bits.length);
  for (const [at, f] of parts.flatMap(({ filters }) => filters).entries()) order[f] = at;
  if (order.every((at, f) => at === f)) return joined;
  return to.op('Gather', [joined, emitOrder(to, `${name}_order`, order)], { axis: int(axis) });
}

/** Emits integers of at most 8 bits, those of 4 two to a byte, as `dtype`. */
export function emitIntegers(
  to: Emitter,
  name: string,
  { data, dims }: { readonly data: Int8Array; readonly dims: readonly number[] },
  bits: number,
  dtype: 'float32' | 'int8',
): Value {
  if (bits === 4) return emitPacked(to, name, data, dims, dtype, nibbles);
  const stored = to.constant(name, { dtype: 'int8', dims, data });
  return dtype === 'int8' ? stored : to.cast(stored, dtype);
}
