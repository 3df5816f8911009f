/** Pools, and means over whole planes. */

import type { Node } from '../../ir/index.ts';
import { misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { integersOf } from '../../ops/arithmetic/numbers.ts';
import type { ReduceOp } from '../dense/reduce.ts';
import type { Window } from '../kernels/kernels.ts';
import { activationInput, floatInput, type Lowering, type LoweringRule, optionalConstant } from './context.ts';
import { applyDense } from './dense.ts';
import { reducedAxes, reduction } from './dense-functions.ts';
import type { PoolLayer } from './layers.ts';
import { type Activation, activationOf, fileDims, newPlane, sizeOf } from './operand.ts';
import { imageSize, outputSize, readWindow } from './windows.ts';

type Method = PoolLayer['method'];

/** Whether all that a window reads is int8, which a maximum keeps. */
function addPool(
  lowering: Lowering,
  node: Node,
  x: Activation,
  dims: readonly number[],
  options: { readonly method: Method; readonly window: Window; readonly countPads: boolean },
): Activation {
  const isInteger = options.method === 'maximum' && x.plane.type === 'int8';
  const plane = newPlane(isInteger ? 'int8' : 'float32', dims);
  lowering.add({ kind: 'pool', name: node.name, op: node.op, x, y: plane, ...options });
  return isInteger ? { ...x, plane, dims, isOnlyView: true } : activationOf(plane, dims);
}

export const windowPool =
  (method: Method): LoweringRule =>
  (lowering, node, inputs) => {
    if (node.outputs.length > 1 && node.outputs[1]) throw unsupported(node, 'no indices as output', 'them');
    const read = method === 'maximum' ? activationInput : floatInput;
    const x = lowering.straighten(node, read(node, inputs, 0));
    const { channels, size, rank } = imageSize(node, x.dims);
    const window = readWindow(node, size, rank, node.ints('kernel_shape'));
    if (window.pads.some((pad, i) => pad >= window.kernel[i % 2]! * window.dilations[i % 2]!)) {
      throw unsupported(node, 'pads less than the kernel', printDims(window.pads));
    }
    const [height, width] = outputSize(node, size, window, node.int('ceil_mode', 0) === 1);
    const dims = rank === 1 ? [1, channels, width] : [1, channels, height, width];
    return addPool(lowering, node, x, dims, { method, window, countPads: node.int('count_include_pad', 0) !== 0 });
  };

function wholePlanes(
  lowering: Lowering,
  node: Node,
  x: Activation,
  dims: readonly number[],
  method: Method,
): Activation {
  const [height, width] = sizeOf(x);
  const window: Window = { kernel: [height, width], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  return addPool(lowering, node, x, dims, { method, window, countPads: false });
}

export const globalPool =
  (method: Method): LoweringRule =>
  (lowering, node, inputs) => {
    const x = lowering.straighten(node, floatInput(node, inputs, 0));
    const { channels } = imageSize(node, x.dims);
    return wholePlanes(lowering, node, x, [1, channels, ...x.dims.slice(2).map(() => 1)], method);
  };

const poolMethods: { readonly [K in ReduceOp]?: Method } = { ReduceMax: 'maximum', ReduceMean: 'average' };

/**
 * Reductions: means and maxima over all pixels of a channel, or over rows, or over columns are pools; all others are
 * dense, in the order of the planes.
 */
export const reduce =
  (op: ReduceOp): LoweringRule =>
  (lowering, node, inputs) => {
    const given = integersOf(optionalConstant(node, inputs, 1)?.tensor(), node.label);
    const keeps = node.int('keepdims', 1) !== 0;
    const [first] = inputs;
    if (first?.kind === 'constant') {
      const axes = reducedAxes(node, given, first.dims.length);
      const result = reduction(op, first.dims, axes);
      const dims = keeps ? result.dims : first.dims.filter((_, axis) => !axes.has(axis));
      return applyDense(lowering, node, inputs, { ...result, dims });
    }
    const x = floatInput(node, inputs, 0);
    const rank = x.dims.length;
    const order = x.order ?? [...x.dims.keys()];
    const axes = new Set([...reducedAxes(node, given, rank)].map((axis) => order[axis]!));
    if (axes.has(0)) lowering.mixesBatch ??= node;
    const y = reducePlanes(lowering, node, x, axes, op);
    const ordered = { ...y, ...(x.order && { order: x.order }) };
    if (keeps) return ordered;
    const straight = lowering.straighten(node, ordered);
    const kept = fileDims(ordered).filter((_, i) => !axes.has(order[i]!));
    return lowering.reshape(node, straight, kept);
  };

/** Over axes of the planes, which stay as 1. */
function reducePlanes(
  lowering: Lowering,
  node: Node,
  x: Activation,
  axes: ReadonlySet<number>,
  op: ReduceOp,
): Activation {
  const [batch, channels, ...space] = x.dims;
  const reduced = x.dims.map((d, axis) => (axes.has(axis) ? 1 : d));
  const method = poolMethods[op];
  if (method && batch === 1 && channels !== undefined && !axes.has(1)) {
    const open = space.filter((d, i) => !axes.has(i + 2) && d > 1);
    if (open.length === 0) return wholePlanes(lowering, node, x, reduced, method);
    if (x.dims.length === 4) return reduceSome(lowering, node, x, reduced, method);
  }
  const { order: _, ...straight } = x;
  return applyDense(lowering, node, [straight], reduction(op, x.dims, axes)) as Activation;
}

/** Along rows or along columns of an image. */
function reduceSome(
  lowering: Lowering,
  node: Node,
  x: Activation,
  dims: readonly number[],
  method: Method,
): Activation {
  const [, , height, width] = x.dims;
  if (x.dims.length !== 4 || !height || !width) throw misfit(node, 'an image of two dimensions', printDims(x.dims));
  const kernel = [dims[2] === 1 ? height : 1, dims[3] === 1 ? width : 1] as const;
  const window: Window = { kernel, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  return addPool(lowering, node, x, dims, { method, window, countPads: false });
}
