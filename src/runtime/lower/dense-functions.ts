/** Dense rules of functions of several operands, of reductions and of normalizations. */

import { elementCount, type Node } from '../../ir/index.ts';
import { broadcastShapes, broadcastStrides, stridesOf } from '../../ops/arithmetic/dims.ts';
import { axisOf, misfit, printDims } from '../../ops/arithmetic/errors.ts';
import type { Line } from '../../ops/arithmetic/resample.ts';
import type { CombinationOp } from '../dense/combine.ts';
import type { ReduceOp } from '../dense/reduce.ts';
import type { DenseInputs, DenseResult, DenseRule } from './dense.ts';

/** An operator of elements that broadcast; `result` where it is not the type of the operands. */
export const combination =
  (count: number, method: CombinationOp | ((node: Node) => CombinationOp), result?: 'bool'): DenseRule =>
  (node, inputs) => {
    const operands = Array.from({ length: count }, (_, i) => inputs.at(i));
    const joint = broadcastShapes(...operands.map(({ dims }) => dims));
    if (!joint) {
      throw misfit(node, 'shapes that broadcast', operands.map(({ dims }) => printDims(dims)).join(' and '));
    }
    return {
      kernel: {
        run: 'combine',
        method: typeof method === 'string' ? method : method(node),
        dims: joint,
        strides: operands.map(({ dims }) => broadcastStrides(dims, joint)),
      },
      reads: [...operands.keys()],
      dims: joint,
      dtype: result ?? operands[count === 3 ? 1 : 0]!.dtype,
      keepsBatch: joint[0] === 1,
    };
  };

export const modulo = combination(2, (node) => (node.int('fmod', 0) === 1 ? 'Fmod' : 'Mod'));

/** The axes that a Reduce operator sums up: those of input 1; without any, all, or none where the attribute says so. */
export function reducedAxes(node: Node, given: readonly number[] | undefined, rank: number): Set<number> {
  const isAll = !given || given.length === 0;
  if (isAll && node.int('noop_with_empty_axes', 0) !== 0) return new Set();
  return new Set((isAll ? Array.from({ length: rank }, (_, i) => i) : given).map((axis) => axisOf(node, axis, rank)));
}

/** Over `axes` of an operand of `dims`, which stay as 1. */
export function reduction(method: ReduceOp, dims: readonly number[], axes: ReadonlySet<number>): DenseResult {
  const kept = dims.map((d, axis) => (axes.has(axis) ? 1 : d));
  const strides = stridesOf(kept).map((stride, axis) => (axes.has(axis) ? 0 : stride));
  return { kernel: { run: 'reduce', method, dims, strides }, reads: [0], dims: kept, keepsBatch: !axes.has(0) };
}

const lineOf = (dims: readonly number[], axis: number, end = axis + 1): Line => ({
  outer: elementCount(dims.slice(0, axis)),
  size: elementCount(dims.slice(axis, end)),
  inner: elementCount(dims.slice(end)),
});

export const argMax: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  const axis = axisOf(node, node.int('axis', 0), dims.length);
  const keeps = node.int('keepdims', 1) !== 0;
  return {
    kernel: { run: 'argMax', line: lineOf(dims, axis), isLast: node.int('select_last_index', 0) !== 0 },
    reads: [0],
    dims: keeps ? dims.with(axis, 1) : dims.toSpliced(axis, 1),
    dtype: 'int64',
    keepsBatch: axis !== 0 && dims[0] === 1,
  };
};

function expectLength(node: Node, inputs: DenseInputs, slots: readonly number[], length: number): void {
  for (const slot of slots) {
    const count = elementCount(inputs.at(slot).dims);
    if (count !== length) throw misfit(node, `${length} elements in input ${slot}`, count);
  }
}

const epsilonOf = (node: Node) => Math.fround(node.float('epsilon', 1e-5));

/** Over the axes from `axis` on. */
export const layerNormalization: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  const axis = axisOf(node, node.int('axis', -1), dims.length);
  const line = lineOf(dims, axis, dims.length);
  const reads = inputs.all[2] ? [0, 1, 2] : [0, 1];
  expectLength(node, inputs, reads.slice(1), line.size);
  const kernel = { run: 'normalize', line, epsilon: epsilonOf(node), isPerLine: false } as const;
  return { kernel, reads, dims, keepsBatch: axis !== 0 && dims[0] === 1 };
};

/** Over the pixels of each channel. */
export const instanceNormalization: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  if (dims.length < 3) throw misfit(node, 'an input [N, C, ...spatial]', printDims(dims));
  expectLength(node, inputs, [1, 2], dims[1]!);
  const line = lineOf(dims, 2, dims.length);
  const kernel = { run: 'normalize', line, epsilon: epsilonOf(node), isPerLine: true } as const;
  return { kernel, reads: [0, 1, 2], dims, keepsBatch: dims[0] === 1 };
};

export const localResponse: DenseRule = (node, inputs) => {
  const { dims } = inputs.at(0);
  if (dims.length < 2) throw misfit(node, 'an input [N, C, ...]', printDims(dims));
  const attribute = (name: string, fallback: number) => Math.fround(node.float(name, fallback));
  return {
    kernel: {
      run: 'localResponse',
      line: lineOf(dims, 1),
      window: node.int('size'),
      alpha: attribute('alpha', 1e-4),
      beta: attribute('beta', 0.75),
      bias: attribute('bias', 1),
    },
    reads: [0],
    dims,
    keepsBatch: dims[0] === 1,
  };
};
