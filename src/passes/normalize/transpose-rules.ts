/**
 * How operators look in front of a transposition instead of behind it:
 *
 *   f(T x, c) = T' f'(x, T^-1 c)
 *
 * where T permutes the axes of x, f' is f with its axes named as x has them, and T' is T, or what is left of it where f
 * drops axes. Operators whose axes have fixed places (convolutions, pools, products) have no rule.
 */

import { Graph, int, ints, type Node, type Shape, type Tensor, type Value } from '../../ir/index.ts';
import { type Builder, isOpType, type OpType, traitsOf } from '../../ops/index.ts';
import { evaluateNode } from '../../ops/reference.ts';
import { numbersOf } from '../../ops/shape/contents.ts';
import { reducedAxes } from '../../ops/shape/reduce.ts';
import { padsPerAxis } from '../../ops/shape/slice.ts';
import { constantOf } from '../channels.ts';
import type { Replacement } from '../replace.ts';

/** Axis i of a transposed value is axis `perm[i]` of its source. */
export type Perm = readonly number[];

/** The node in front of the transposition, which its outputs still need; undefined for none. */
export interface Moved extends Omit<Replacement, 'op'> {
  readonly perm: Perm;
}

/** A rule sees the permutation of input 0 (or, of several, of one of them) and a builder in front of the node. */
export type TransposeRule = (node: Node, perm: Perm, b: Builder) => Moved | undefined;

export const isIdentity = (perm: Perm) => perm.every((axis, i) => axis === i);
/** `(T_first then T_second)` as one permutation. */
export const compose = (first: Perm, second: Perm): Perm => second.map((axis) => first[axis]!);
export const invert = (perm: Perm): Perm => perm.map((_, axis) => perm.indexOf(axis));

/** True where the axes that move have one element, so that all elements keep their order. */
export function keepsOrder(shape: Shape | undefined, perm: Perm): boolean {
  const moving = perm.filter((axis) => shape?.[axis] !== 1);
  return moving.every((axis, i) => i === 0 || axis > moving[i - 1]!);
}

/** The value that `value` is a transposition of, and its permutation. */
export function sourceOf(value: Value | undefined): { readonly x: Value; readonly perm: Perm } | undefined {
  const node = value?.producer;
  const rank = node?.inputs[0]?.type?.shape?.length;
  if (node?.op !== 'Transpose' || node.domain !== '' || rank === undefined) return undefined;
  const reversed = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return { x: node.input(0), perm: node.ints('perm', reversed) };
}

const sourceAt0 = (node: Node): Value => sourceOf(node.inputs[0])!.x;

/** The tensor with axes added in front up to the permutation's rank, then permuted. */
function permute(tensor: Tensor, perm: Perm): Tensor {
  const dims = [...new Array<number>(perm.length - tensor.dims.length).fill(1), ...tensor.dims];
  const scratch = new Graph();
  const node = scratch.add('Transpose', [scratch.initializer('x', tensor)], { perm: ints(perm) });
  return evaluateNode(node, [{ ...tensor, dims }])[0]!;
}

/**
 * What an operand of an operator over several tensors becomes: the source of a transposition by `perm`; a constant in
 * the other order; a single element as it is; a tensor that a Reshape could bring into the other order.
 */
function operand(value: Value, perm: Perm, b: Builder): (() => Value) | undefined {
  const source = sourceOf(value);
  if (source?.perm.join() === perm.join()) return () => source.x;
  const shape = value.type?.shape;
  if (!shape || shape.length > perm.length) return undefined;
  if (shape.every((d) => d === 1)) return () => value;
  const back = invert(perm);
  const tensor = constantOf(value);
  if (tensor) return () => b.constant(`${value.name}_moved`, permute(tensor, back));
  return shape.length === perm.length && keepsOrder(shape, back) ? () => b.transpose(value, back) : undefined;
}

/** All inputs through `operand`; undefined where one of them cannot follow. */
function operands(node: Node, perm: Perm, b: Builder): Value[] | undefined {
  const values = node.inputs as Value[];
  const moved = values.map((value) => operand(value, perm, b));
  return moved.every((move) => move !== undefined) ? moved.map((move) => move()) : undefined;
}

const axisOf = (node: Node, fallback: number | undefined, rank: number) => {
  const axis = node.int('axis', fallback);
  return axis < 0 ? axis + rank : axis;
};

/** One tensor, and parameters that do not depend on axes. */
const unary: TransposeRule = (node, perm) => ({
  inputs: [sourceAt0(node), ...node.inputs.slice(1)],
  attributes: node.attributes,
  perm,
});

/** Several tensors that broadcast. */
const broadcast: TransposeRule = (node, perm, b) => {
  const inputs = operands(node, perm, b);
  return inputs && { inputs, attributes: node.attributes, perm };
};

const concat: TransposeRule = (node, perm, b) => {
  const inputs = node.inputs.every((x) => x?.type?.shape?.length === perm.length) && operands(node, perm, b);
  if (!inputs) return undefined;
  return { inputs, attributes: { axis: int(perm[axisOf(node, undefined, perm.length)]!) }, perm };
};

/** One axis, an attribute. */
const alongAxis =
  (fallback: number): TransposeRule =>
  (node, perm, b) => ({
    ...unary(node, perm, b)!,
    attributes: { ...node.attributes, axis: int(perm[axisOf(node, fallback, perm.length)]!) },
  });

/** What is left of a permutation when some axes of the result are dropped. */
function without(perm: Perm, dropped: readonly number[]): Perm {
  const kept = perm.filter((_, i) => !dropped.includes(i));
  return kept.map((axis) => kept.filter((other) => other < axis).length);
}

const ascending = (axes: readonly number[]) => [...axes].sort((a, b) => a - b);

const reduce: TransposeRule = (node, perm, b) => {
  const axes = reducedAxes(node, perm.length);
  if (!axes?.length) return undefined;
  const keeps = node.int('keepdims', 1) === 1;
  return {
    inputs: [sourceAt0(node), b.i64(ascending(axes.map((axis) => perm[axis]!)))],
    attributes: { keepdims: int(keeps ? 1 : 0) },
    perm: keeps ? perm : without(perm, axes),
  };
};

const squeeze: TransposeRule = (node, perm, b) => {
  const shape = node.input(0).type?.shape;
  const [given, all] = [numbersOf(node.inputs[1]), shape?.flatMap((d, i) => (d === 1 ? [i] : []))];
  const axes = node.inputs[1] ? given?.map((a) => (a < 0 ? a + perm.length : a)) : all;
  if (!axes) return undefined;
  const inputs = [sourceAt0(node), b.i64(ascending(axes.map((axis) => perm[axis]!)))];
  return { inputs, attributes: {}, perm: without(perm, axes) };
};

const pad: TransposeRule = (node, perm, b) => {
  const pads = padsPerAxis(node, perm.length);
  if (!pads) return undefined;
  const back = invert(perm).map((axis) => pads[axis]!);
  const amounts = b.i64([...back.map((p) => p.before), ...back.map((p) => p.after)]);
  return { inputs: [sourceAt0(node), amounts, node.inputs[2]], attributes: node.attributes, perm };
};

const slice: TransposeRule = (node, perm, b) => {
  const count = node.input(1).type?.shape?.[0];
  const first = typeof count === 'number' ? Array.from({ length: count }, (_, i) => i) : undefined;
  const axes = node.inputs[3] ? numbersOf(node.inputs[3]) : first;
  if (!axes) return undefined;
  const moved = b.i64(axes.map((axis) => perm.at(axis)!));
  const [, starts, ends, , steps] = node.inputs;
  const inputs = [sourceAt0(node), starts, ends, moved, ...(steps ? [steps] : [])];
  return { inputs, attributes: node.attributes, perm };
};

/** The dimensions as a Reshape takes them; undefined for more than one that is not known. */
export function reshapeTarget(shape: Shape | undefined): number[] | undefined {
  if (!shape || shape.filter((d) => typeof d !== 'number').length > 1 || shape.includes(0)) return undefined;
  return shape.map((d) => (typeof d === 'number' ? d : -1));
}

const identityOf = (shape: Shape): Perm => shape.map((_, i) => i);

const flatten: TransposeRule = (node, perm) => {
  const x = sourceAt0(node);
  if (axisOf(node, 1, perm.length) !== 1 || perm[0] !== 0 || !keepsOrder(x.type?.shape, perm)) return undefined;
  return { inputs: [x], attributes: { axis: int(1) }, perm: [0, 1] };
};

const reshape: TransposeRule = (node, perm, b) => {
  const x = sourceAt0(node);
  const shape = node.output().type?.shape;
  const target = keepsOrder(x.type?.shape, perm) ? reshapeTarget(shape) : undefined;
  return target && { inputs: [x, b.i64(target)], attributes: {}, perm: identityOf(shape!) };
};

/** Rules about input 0, of operators with axes. */
const rules: { readonly [K in OpType]?: TransposeRule } = {
  Flatten: flatten,
  LogSoftmax: alongAxis(-1),
  Pad: pad,
  Reshape: reshape,
  Slice: slice,
  Softmax: alongAxis(-1),
  Split: alongAxis(0),
  Squeeze: squeeze,
};

/** The rule of a node with a transposition in front; undefined where none can be moved behind it. */
export function transposeRuleOf(node: Node): TransposeRule | undefined {
  if (!isOpType(node.op, node.domain)) return undefined;
  const { elementwise, reduces } = traitsOf(node);
  if (elementwise === 'several') return broadcast;
  if (node.op === 'Concat') return concat;
  if (!sourceOf(node.inputs[0])) return undefined;
  return elementwise ? unary : reduces ? reduce : rules[node.op];
}
