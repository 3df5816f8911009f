/**
 * Products of matrices beyond one row of features: many rows by a constant matrix are the pixels of a pointwise
 * convolution, whose result keeps the order of its planes; two computed matrices are multiplied as they are.
 */

import { elementCount, type Node } from '../../ir/index.ts';
import { broadcastShapes, broadcastStrides, stridesOf } from '../../ops/arithmetic/dims.ts';
import { misfit, printDims } from '../../ops/arithmetic/errors.ts';
import { eachRow } from '../../ops/arithmetic/move.ts';
import type { Window } from '../kernels/kernels.ts';
import { floatInput, type Lowering, type LoweringRule } from './context.ts';
import { dense } from './dense.ts';
import { type Activation, activationOf, type Constant, fileDims, newPlane, type Operand } from './operand.ts';
import { rowWeights } from './weights.ts';

export const pointwise: Window = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };

/** [..., m, k] x [..., k, n]; leading axes broadcast; a vector lends its missing axis and drops it. */
export const product: LoweringRule = dense((node, inputs) => {
  const [{ dims: a }, { dims: b }] = [inputs.at(0), inputs.at(1)];
  const found = `${printDims(a)} x ${printDims(b)}`;
  if (a.length === 0 || b.length === 0) throw misfit(node, 'operands of rank 1 or more', found);
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const [aBatch, bBatch] = [left.slice(0, -2), right.slice(0, -2)];
  const batch = broadcastShapes(aBatch, bBatch);
  const [m, k, n] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
  if (!batch || right.at(-2) !== k) throw misfit(node, 'matrices [..., m, k] x [..., k, n]', found);
  const aStarts = startsOf(aBatch, batch, m * k);
  const bStarts = startsOf(bBatch, batch, k * n);
  const dims = [...batch, ...(a.length === 1 ? [] : [m]), ...(b.length === 1 ? [] : [n])];
  return {
    kernel: { run: 'product', m, k, n, starts: aStarts.map((start, i) => [start, bStarts[i]!] as const) },
    reads: [0, 1],
    dims,
    // a batch of vectors is the rows of one matrix
    keepsBatch: dims[0] === 1 && a[0] === 1,
  };
});

/** Where the matrices of an operand begin, one for each of `batch`. */
function startsOf(own: readonly number[], batch: readonly number[], size: number): number[] {
  const starts: number[] = [];
  eachRow([...batch, 1], [...broadcastStrides(own, batch), 0], 0, (_, source) => starts.push(source * size));
  return starts;
}

/** The last axis of the file's tensor as channels of planes: the order of axes that makes it so. */
function channelsLast(dims: readonly number[]): number[] {
  const rank = dims.length;
  const axes = Array.from({ length: rank - 1 }, (_, axis) => axis + 1);
  return dims[0] === 1 ? [0, ...axes.slice(1), 1] : [...axes, 0];
}

/** The same elements in planes of the order `order`, moved where they are in another one. */
export function arrange(lowering: Lowering, node: Node, x: Activation, order: readonly number[]): Activation {
  const from = x.order ?? [...x.dims.keys()];
  if (from.every((axis, i) => axis === order[i])) return x;
  const strides = stridesOf(x.dims);
  // plane axis -> the file's axis
  const axes = order.map((_, axis) => order.indexOf(axis));
  const dims = axes.map((axis) => x.dims[from[axis]!]!);
  const y = newPlane(x.plane.type, dims);
  const steps = axes.map((axis) => strides[from[axis]!]!);
  lowering.add({ kind: 'move', name: node.name, op: 'Transpose', x, y, dims, strides: steps, offset: 0 });
  return { ...x, plane: y, dims, order, isOnlyView: true };
}

/** Whether many rows by this matrix can be a pointwise convolution. */
export function isRows(x: readonly number[], matrix: readonly number[]): boolean {
  const [k = 0, n = 0] = matrix;
  return matrix.length === 2 && x.length > 1 && k > 1 && n > 1 && x.at(-1) === k;
}

/** x [..., k] times a constant [k, n]. */
export function multiplyRows(lowering: Lowering, node: Node, x: Activation, matrix: Constant): Activation {
  const [, filters = 0] = matrix.dims;
  const order = channelsLast(fileDims(x));
  const channels = order.at(-1)!;
  const own = arrange(lowering, node, x, order);
  const dims = own.dims.with(channels, filters);
  const y = newPlane('float32', dims);
  lowering.add({
    ...{ kind: 'conv', name: node.name, op: node.op, x: own, y, window: pointwise, groups: 1 },
    ...rowWeights(node, matrix, filters, true),
    ...{ biases: new Float64Array(filters), lower: -Infinity, upper: Infinity },
  });
  return { ...activationOf(y, dims), order };
}

/** MatMul of more than one row. */
export const matrices: LoweringRule = (lowering, node, inputs): Operand => {
  const [a, b] = inputs;
  if (a?.kind === 'activation' && b?.kind === 'constant' && isRows(fileDims(a), b.dims)) {
    return multiplyRows(lowering, node, floatInput(node, inputs, 0), b);
  }
  return product(lowering, node, inputs);
};

export const rowsOf = (x: Activation) => elementCount(fileDims(x).slice(0, -1));
