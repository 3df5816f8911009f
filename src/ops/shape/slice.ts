/** Slice, Pad, Split and Concat: operators that cut and join along axes. */

import type { Dim, Node, Shape } from '../../ir/index.ts';
import { clampRange, equalParts, partCount } from '../arithmetic/dims.ts';
import { contentsOf, numbersOf } from './contents.ts';
import { addDims, agree, divide, unify } from './dims.ts';
import {
  axisOf,
  dtypeOf,
  freshDim,
  freshShape,
  mismatch,
  present,
  printDims,
  type ShapeRule,
  shapeOf,
  typed,
} from './rule.ts';

/** Values beyond this are exporters' ways to write "to the end". */
const far = 2 ** 31 - 1;

function sliceDim(dim: Dim, start: Dim, end: Dim, step: number): Dim | undefined {
  if (typeof start === 'number' && typeof end === 'number' && typeof dim === 'number') {
    return clampRange(dim, start, end, step).count;
  }
  if (step === 1 && start === 0 && (end === dim || (typeof end === 'number' && end >= far))) return dim;
  const backwards = start === -1 || (typeof start === 'number' && start >= far);
  return step === -1 && backwards && typeof end === 'number' && end <= -far ? dim : undefined;
}

export const slice: ShapeRule = (node) => {
  const dtype = dtypeOf(node, 0);
  const x = shapeOf(node, 0);
  if (!x) return [typed(dtype, undefined)];
  const [starts, ends] = [contentsOf(node.input(1)), contentsOf(node.input(2))];
  const axes = present(node, 3) ? numbersOf(node.inputs[3]) : (starts ?? ends)?.map((_, i) => i);
  const steps = present(node, 4) ? numbersOf(node.inputs[4]) : axes?.map(() => 1);
  if (!axes) return [typed(dtype, freshShape(node, x.length))];
  const shape = [...x];
  for (const [i, a] of axes.entries()) {
    const axis = axisOf(node, a, x.length);
    const [start, end, step] = [starts?.[i], ends?.[i], steps?.[i]];
    if (step === 0) throw mismatch(node, 'expected steps other than 0, found 0');
    const known = start !== undefined && end !== undefined && step !== undefined;
    shape[axis] = (known ? sliceDim(x[axis]!, start, end, step) : undefined) ?? freshDim(node, axis);
  }
  return [typed(dtype, shape)];
};

/** Padding before and after every axis; undefined where computed at run time. */
export function padsPerAxis(node: Node, rank: number): { before: number; after: number }[] | undefined {
  const pads = numbersOf(node.input(1));
  const axes = present(node, 3) ? numbersOf(node.inputs[3]) : Array.from({ length: rank }, (_, i) => i);
  if (!pads || !axes) return undefined;
  if (pads.length !== 2 * axes.length) {
    throw mismatch(node, `expected ${2 * axes.length} pads, found ${pads.length}`);
  }
  const result = Array.from({ length: rank }, () => ({ before: 0, after: 0 }));
  for (const [i, a] of axes.entries()) {
    result[axisOf(node, a, rank)] = { before: pads[i]!, after: pads[axes.length + i]! };
  }
  return result;
}

export const pad: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const pads = x && padsPerAxis(node, x.length);
  const shape = x?.map((d, i) => {
    const more = pads && pads[i]!.before + pads[i]!.after;
    return (more === undefined ? undefined : addDims(d, more)) ?? freshDim(node, i);
  });
  return [typed(dtypeOf(node, 0), shape)];
};

/** Sizes of the parts: input 1, or equal ones of which the last may be smaller. Undefined where unknown. */
export function splitSizes(node: Node, size: Dim): readonly Dim[] | undefined {
  if (present(node, 1)) {
    const sizes = contentsOf(node.inputs[1]);
    const total = sizes?.reduce<Dim | undefined>((sum, d) => (sum === undefined ? sum : addDims(sum, d)), 0);
    if (total !== undefined && !agree(total, size)) {
      throw mismatch(node, `expected parts that add up to ${size}, found ${printDims(sizes!)}`);
    }
    return sizes;
  }
  const parts = partCount(node);
  if (typeof size === 'string') {
    const part = divide(size, parts);
    return part === undefined ? undefined : new Array<Dim>(parts).fill(part);
  }
  return equalParts(size, parts);
}

export const split: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const dtype = dtypeOf(node, 0);
  if (!x) return node.outputs.map(() => typed(dtype, undefined));
  const axis = axisOf(node, node.int('axis', 0), x.length);
  const sizes = splitSizes(node, x[axis]!);
  if (sizes && sizes.length !== node.outputs.length) {
    throw mismatch(node, `expected ${node.outputs.length} parts, found ${sizes.length}`);
  }
  return node.outputs.map((_, i) => typed(dtype, x.with(axis, sizes?.[i] ?? freshDim(node, axis, i))));
};

export const concat: ShapeRule = (node) => {
  const shapes = node.inputs.map((_, i) => shapeOf(node, i));
  const dtype = dtypeOf(node, 0);
  if (!shapes.every((s): s is Shape => s !== undefined)) return [typed(dtype, undefined)];
  const first = shapes[0]!;
  const axis = axisOf(node, node.int('axis'), first.length);
  const result = [...first];
  for (const shape of shapes.slice(1)) {
    if (shape.length !== first.length || shape.some((d, i) => i !== axis && !agree(d, result[i]!))) {
      throw mismatch(node, `expected shapes equal off axis ${axis}, found ${shapes.map(printDims).join(', ')}`);
    }
    for (const [i, d] of shape.entries()) if (i !== axis) result[i] = unify(result[i]!, d);
  }
  const total = shapes.reduce<Dim | undefined>((sum, s) => (sum === undefined ? sum : addDims(sum, s[axis]!)), 0);
  return [typed(dtype, result.with(axis, total ?? freshDim(node, axis)))];
};
