/**
 * Gradients of reads and writes at indices. A read becomes an adding write; ScatterElements does it in order on the CPU,
 * so that repeated indices add up deterministically.
 */

import { type Attribute, int, str, type Value } from '../../ir/index.ts';
import type { Builder } from '../builder.ts';
import { type GradientContext, type GradientRule, gradientError, gradientOfFirst, unary } from './rule.ts';
import { reshapeLike, typed, zerosLike } from './shape-tools.ts';

/** Zeros like `like`, to which `updates` are added at `indices` along `axis`. */
export function scatterAdd(b: Builder, like: Value, indices: Value, updates: Value, axis: number): Value {
  const attributes: Record<string, Attribute> = { axis: int(axis), reduction: str('add') };
  return typed(b.op('ScatterElements', [zerosLike(b, like), indices, updates], attributes), like.shape);
}

const product = (dims: readonly (number | string)[]) => {
  const fixed = dims.filter((d) => typeof d === 'number').reduce((n, d) => n * d, 1);
  return dims.every((d) => typeof d === 'number') ? fixed : -1;
};

/** y = x at `indices` of `axis`: with x seen as [before, size, after], dx[:, i] = sum of dy[:, k] where index k is i. */
export const gather = unary(({ dy, x, b, node }) => {
  const indices = node.input(1);
  const rank = x.shape.length;
  const axis = (node.int('axis', 0) + rank) % rank;
  const before = product(x.shape.slice(0, axis));
  const after = product(x.shape.slice(axis + 1));
  const size = product(x.shape.slice(axis, axis + 1));
  const count = product(indices.shape);
  if ([before, size, after].filter((n) => n < 0).length > 1 || [before, count, after].filter((n) => n < 0).length > 1) {
    throw gradientError(node, `expected one symbolic size at most, found [${x.shape.join(', ')}]`);
  }
  const flat = b.reshape(x, [before, size, after]);
  const updates = b.reshape(dy, [before, count, after]);
  const column = b.reshape(indices, [1, count, 1]);
  const everywhere = b.op('Expand', [column, b.op('Shape', [updates])]);
  return reshapeLike(b, scatterAdd(b, flat, everywhere, updates, 1), x);
});

/** y[i][j] = x[index[i][j]][j]: dx adds dy where it was read. */
export const gatherElements = unary(({ dy, x, b, node }) => scatterAdd(b, x, node.input(1), dy, node.int('axis', 0)));

function reductionOf({ node }: GradientContext): 'none' | 'add' {
  const reduction = node.string('reduction', 'none');
  if (reduction === 'none' || reduction === 'add') return reduction;
  throw gradientError(node, `expected reduction 'none' or 'add', found '${reduction}'`);
}

/** y = x with updates u written (or added) at indices: dx = dy (without what was overwritten), du = dy read there. */
export const scatterElements: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [indices, updates] = [node.input(1), node.input(2)];
  const axis = { axis: int(node.int('axis', 0)) };
  const kept = () =>
    reductionOf(context) === 'add' ? dy : b.op('ScatterElements', [dy, indices, zerosLike(b, updates)], axis);
  return [needs(0) ? kept() : null, null, needs(2) ? b.op('GatherElements', [dy, indices], axis) : null];
};

/** The same for indices that are tuples in their last axis. */
export const scatterND: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, indices, updates] = [node.input(0), node.input(1), node.input(2)];
  const kept = () => (reductionOf(context) === 'add' ? dy : b.op('ScatterND', [dy, indices, zerosLike(b, updates)]));
  return [needs(0) ? kept() : null, null, needs(2) ? readTuples(context, dy, x, indices, updates) : null];
};

/** dy at index tuples, through their row number: sum_j index_j * (d_(j+1) .. d_k). */
function readTuples({ node, b }: GradientContext, dy: Value, x: Value, indices: Value, updates: Value): Value {
  const depth = indices.shape.at(-1);
  if (typeof depth !== 'number') throw gradientError(node, 'expected index tuples of a fixed length, found symbolic');
  const strides = Array.from({ length: depth }, (_, j) => product(x.shape.slice(j + 1, depth)));
  const rest = x.shape.slice(depth);
  if (strides.includes(-1) || product(rest) < 0) {
    throw gradientError(node, `expected fixed sizes after the first, found [${x.shape.join(', ')}]`);
  }
  const rows = b.op('Mul', [indices, b.i64(strides)]);
  const index = b.reduceSum(rows, [-1]);
  return typed(b.op('Gather', [b.reshape(dy, [-1, ...(rest as number[])]), index]), updates.shape);
}
