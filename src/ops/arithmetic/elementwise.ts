/** Rules of operators that compute constants element by element, operands broadcast. */

import { dtypeOfElementCode, type Node, type Tensor } from '../../ir/index.ts';
import { broadcastShapes } from './dims.ts';
import { misfit, printDims, unsupported } from './errors.ts';
import { compileFunction, functionOf } from './functions.ts';
import { expandTo, newLike } from './move.ts';
import { countOf, fromNumbers, numbersOf } from './numbers.ts';
import { all, expectOneType, need, type Rule } from './rule.ts';

export function mapped(node: Node, x: Tensor, f: (x: number) => number): Tensor {
  countOf(x.dims, node, x.dtype);
  return fromNumbers(x.dtype, x.dims, Float64Array.from(numbersOf(x, node.label), f));
}

export const unary: Rule = (node, inputs) => mapped(node, need(node, inputs, 0), compileFunction(functionOf(node)));

function jointDims(node: Node, tensors: readonly Tensor[]): readonly number[] {
  const [first = [], ...rest] = tensors.map((t) => t.dims);
  const dims = rest.reduce<readonly number[] | undefined>(
    (joint, other) => joint && broadcastShapes(joint, other),
    first,
  );
  if (!dims) throw misfit(node, 'operands that broadcast', tensors.map((t) => printDims(t.dims)).join(' and '));
  countOf(dims, node, tensors[0]!.dtype, tensors.length);
  return dims;
}

/** Any number of operands, folded from the left. */
function combined(
  node: Node,
  tensors: readonly Tensor[],
  f: (a: number, b: number) => number,
): [readonly number[], Float64Array] {
  const dims = jointDims(node, tensors);
  const [first, ...rest] = tensors.map((t) => numbersOf(expandTo(t, dims, node), node.label));
  const values = Float64Array.from(first!);
  for (const other of rest) for (let i = 0; i < values.length; i++) values[i] = f(values[i]!, other[i]!);
  return [dims, values];
}

/** As many operands of one element type as there are, or `count`. */
export const broadcast =
  (f: (a: number, b: number) => number, count?: number, result?: 'bool'): Rule =>
  (node, inputs) => {
    const tensors = all(node, inputs);
    if (tensors.length !== (count ?? Math.max(1, tensors.length))) {
      throw misfit(node, `${count ?? 'one or more'} operands`, tensors.length);
    }
    expectOneType(node, tensors);
    return fromNumbers(result ?? tensors[0]!.dtype, ...combined(node, tensors, f));
  };

export const binary = (f: (a: number, b: number) => number) => broadcast(f, 2);
export const predicate = (f: (a: number, b: number) => boolean) => broadcast((a, b) => Number(f(a, b)), 2, 'bool');

/** The remainder has the sign of the divisor or, with `fmod` 1, that of the dividend. */
export const remainder = (a: number, b: number) => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
};

export const mod: Rule = (node, inputs) =>
  binary(node.int('fmod', 0) === 1 ? (a, b) => a % b : remainder)(node, inputs);

/** The exponent may have another element type. */
export const pow: Rule = (node, inputs) => {
  const [base, exponent] = [need(node, inputs, 0), need(node, inputs, 1)];
  return fromNumbers(base.dtype, ...combined(node, [base, exponent], (a, b) => a ** b));
};

/** The slope broadcasts to x, never the other way round. */
export const prelu: Rule = (node, inputs) => {
  const [x, slope] = [need(node, inputs, 0), need(node, inputs, 1)];
  expectOneType(node, [x, slope]);
  const [dims, values] = combined(node, [x, slope], (a, b) => (a < 0 ? b * a : a));
  if (printDims(dims) === printDims(x.dims)) return fromNumbers(x.dtype, dims, values);
  throw misfit(node, `a slope that broadcasts to ${printDims(x.dims)}`, printDims(slope.dims));
};

/** min(max(x, input 1), input 2); the upper bound wins where the two cross. NaN bounds nothing. */
export const clip: Rule = (node, inputs) => {
  const bound = (index: number, none: number) => {
    const tensor = inputs[index];
    const given = tensor ? (numbersOf(tensor, node.label)[0] ?? none) : none;
    return Number.isNaN(given) ? none : given;
  };
  const f = compileFunction({ op: 'Clip', lower: bound(1, -Infinity), upper: bound(2, Infinity) });
  return mapped(node, need(node, inputs, 0), f);
};

/** Floating-point values are truncated to integers; every value but 0 is true. */
export const cast: Rule = (node, inputs) => {
  const x = need(node, inputs, 0);
  const to = dtypeOfElementCode(node.int('to'));
  if (to === x.dtype) return x;
  if (!to || to === 'string') throw unsupported(node, 'a cast to numbers', to ?? node.int('to'));
  countOf(x.dims, node, to);
  return fromNumbers(to, x.dims, numbersOf(x, node.label));
};

/** Elements are moved, not computed with. */
export const where: Rule = (node, inputs) => {
  const [condition, x, y] = [0, 1, 2].map((i) => need(node, inputs, i)) as [Tensor, Tensor, Tensor];
  expectOneType(node, [x, y]);
  const dims = jointDims(node, [condition, x, y]);
  const [c, a, b] = [condition, x, y].map((t) => expandTo(t, dims, node).data as Float32Array);
  const { tensor, data } = newLike(x, dims, node);
  for (let i = 0; i < data.length; i++) data[i] = (c![i] ? a! : b!)[i]!;
  return tensor;
};
