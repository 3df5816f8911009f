/**
 * Dimensions of what operators give, from those of what they get. Sizes may be symbolic where a rule is generic: shape
 * inference, constants and the runtime's activations ask the same functions.
 */

import { type Dim, elementCount, type Node, type Shape } from '../../ir/index.ts';
import { axisOf, misfit, printDims } from './errors.ts';

/** Elements from one step along each axis to the next, row-major. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  for (let axis = dims.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= dims[axis]!;
  }
  return strides;
}

/** False only for two sizes that are known to differ. */
export function agree(a: Dim, b: Dim): boolean {
  return a === b || typeof a === 'string' || typeof b === 'string';
}

/** The more specific of two dimensions that agree. */
export function unify(a: Dim, b: Dim): Dim {
  return typeof a === 'number' ? a : typeof b === 'number' ? b : a;
}

/**
 * The shape to which all `shapes` broadcast, or undefined where two sizes clash. A symbol against 1 is the symbol,
 * against a larger size that size, against another symbol the first of the two.
 */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] | undefined;
export function broadcastShapes(...shapes: readonly Shape[]): Dim[] | undefined;
export function broadcastShapes(...shapes: readonly Shape[]): Dim[] | undefined {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result = new Array<Dim>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const axis = rank - shape.length + i;
      const [a, b] = [result[axis]!, shape[i]!];
      if (b === 1) continue;
      if (a !== 1 && !agree(a, b)) return undefined;
      result[axis] = a === 1 ? b : unify(a, b);
    }
  }
  return result;
}

/** Strides that read a tensor of `dims` as one of `target`, to which it broadcasts. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(dims);
  const lead = target.length - dims.length;
  return target.map((_, axis) => (axis < lead || dims[axis - lead] === 1 ? 0 : own[axis - lead]!));
}

/** The part of a shape that Shape gives, from `start` up to `end`. */
export function shapePart<D extends Dim>(node: Node, dims: readonly D[]): D[] {
  return dims.slice(node.int('start', 0), node.has('end') ? node.int('end') : undefined);
}

/** The first axis of Flatten's rows. */
export function flattenAxis(node: Node, rank: number): number {
  const axis = node.int('axis', 1);
  return axis === rank ? axis : axisOf(node, axis, rank);
}

/** The dimensions that Reshape gives to the elements of `from`: 0 copies a size, -1 is what is left. */
export function reshapedDims(node: Node, from: readonly number[], target: readonly number[]): number[] {
  const dims = target.map((d, i) => (d === 0 && node.int('allowzero', 0) === 0 ? (from[i] ?? Number.NaN) : d));
  const count = elementCount(from);
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = count / elementCount(dims.filter((_, i) => i !== open));
  if (elementCount(dims) === count && dims.every((d) => Number.isInteger(d) && d >= 0)) return dims;
  throw misfit(node, `a shape of ${count} elements`, printDims(target));
}

/** Without `axes`, every dimension of size 1 goes. */
export function squeezedDims<D extends Dim>(node: Node, dims: readonly D[], axes: readonly number[] | undefined): D[] {
  const gone = axes?.map((axis) => axisOf(node, axis, dims.length));
  const odd = gone?.find((axis) => !agree(dims[axis]!, 1));
  if (odd !== undefined) throw misfit(node, `size 1 on axis ${odd}`, printDims(dims));
  return dims.filter((d, axis) => (gone ? !gone.includes(axis) : d !== 1));
}

export function unsqueezedDims<D extends Dim>(node: Node, dims: readonly D[], axes: readonly number[]): (D | 1)[] {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => axisOf(node, axis, rank)));
  if (added.size !== axes.length) throw misfit(node, 'axes that differ', printDims(axes));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
}

/** Axis `i` of the result is axis `perm[i]` of what is transposed; without the attribute all are reversed. */
export function transposePerm(node: Node, rank: number): readonly number[] {
  const perm = node.ints(
    'perm',
    Array.from({ length: rank }, (_, i) => rank - 1 - i),
  );
  const isPermutation = perm.length === rank && new Set(perm).size === rank && perm.every((p) => p >= 0 && p < rank);
  if (!isPermutation) throw misfit(node, `a permutation of ${rank} axes`, printDims(perm));
  return perm;
}

/** What Slice takes along one axis: `count` elements from `start` on. */
export interface SliceRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** ONNX's clamping of start and end, which count from the end when negative, to an axis of `size` elements. */
export function clampRange(size: number, start: number, end: number, step: number): SliceRange {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (v: number, from: number) => Math.min(Math.max(v < 0 ? v + size : v, from), high);
  const first = clamp(start, step > 0 ? low : 0);
  const last = clamp(end, low);
  const count = Math.max(0, Math.ceil((last - first) / step));
  // a step that is not taken may be as large as 64 bits, with which no address is exact
  return { start: first, step: count > 1 ? step : Math.sign(step), count };
}

/** Inputs 1 to 4 of Slice: starts, ends, axes (default: the first ones), steps (default: 1). */
export type SliceInputs = readonly (readonly number[] | undefined)[];

/** Of every axis of `dims`, what Slice takes. */
export function sliceRanges(
  node: Node,
  dims: readonly number[],
  [starts, ends, axes, steps]: SliceInputs,
): SliceRange[] {
  if (!starts || !ends || starts.length !== ends.length) throw misfit(node, 'starts and ends of one length', 'others');
  const ranges: SliceRange[] = dims.map((count) => ({ start: 0, step: 1, count }));
  for (const [i, start] of starts.entries()) {
    const axis = axisOf(node, axes ? (axes[i] ?? Number.NaN) : i, dims.length);
    const step = steps ? (steps[i] ?? Number.NaN) : 1;
    if (!Number.isInteger(step) || step === 0) throw misfit(node, 'steps other than 0', step);
    ranges[axis] = clampRange(dims[axis]!, start, ends[i]!, step);
  }
  return ranges;
}

/**
 * Sizes of Split's parts of an axis of `size` elements: the `given` ones, or equal ones of which the last may be
 * smaller.
 */
export function splitSizes(node: Node, size: number, given: readonly number[] | undefined): readonly number[] {
  const count = node.outputs.length;
  const parts = given ?? equalParts(size, partCount(node));
  const isWhole = parts.length === count && parts.every((n) => n >= 0) && parts.reduce((a, b) => a + b, 0) === size;
  if (!isWhole) throw misfit(node, `${count} parts that add up to ${size}`, printDims(parts));
  return parts;
}

/** How many parts Split's attribute asks for: as many as the node has outputs. */
export function partCount(node: Node): number {
  const count = node.int('num_outputs', node.outputs.length);
  if (count === node.outputs.length) return count;
  throw misfit(node, `num_outputs of ${node.outputs.length} outputs`, count);
}

/** `count` parts of `size` elements, each as large as the largest has to be, as long as there are elements. */
export function equalParts(size: number, count: number): number[] {
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
}
