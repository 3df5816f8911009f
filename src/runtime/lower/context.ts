/**
 * What the rules work with: the layers so far, who made which plane, and whether what a node does may go into the layer
 * that made its input.
 */

import type { Budget, Node, Value } from '../../ir/index.ts';
import { stridesOf } from '../../ops/arithmetic/dims.ts';
import { printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { canTake, type Effect, take } from './absorb.ts';
import type { Layer } from './layers.ts';
import {
  type Activation,
  activationOf,
  type Constant,
  fileDims,
  newPlane,
  type Operand,
  type Plane,
  planeElements,
} from './operand.ts';

export class Lowering {
  readonly layers: Layer[] = [];
  /** The layer that writes a plane; planes of inputs have none. */
  readonly producers = new Map<Plane, Layer>();
  /** A node that reorders, merges or drops the dimension of the batch, so that images cannot be run one by one. */
  mixesBatch: Node | undefined;

  constructor(private readonly budget: Budget) {}

  add<L extends Layer>(layer: L): L {
    const where = `node '${layer.name}' (${layer.op})`;
    // plans note of each channel who writes it
    this.budget.take(layer.y.channels, where);
    this.budget.checkBytes(4 * planeElements(layer.y), where);
    this.layers.push(layer);
    this.producers.set(layer.y, layer);
    return layer;
  }

  remove(layer: Layer): void {
    this.layers.splice(this.layers.indexOf(layer), 1);
    this.producers.delete(layer.y);
  }

  /** Lets the layer that made `x` do `effect`, too, if nobody else reads what it made. */
  absorb(x: Activation, effect: Effect): boolean {
    const layer = x.isOnlyView && !x.quantization ? this.producers.get(x.plane) : undefined;
    if (!layer || !canTake(this.producers, layer, effect)) return false;
    take(this.producers, layer, effect);
    return true;
  }

  /** `x` with its elements in the order that the file sees. */
  straighten(node: Node, x: Activation): Activation {
    if (!x.order) return x;
    const dims = fileDims(x);
    const strides = stridesOf(x.dims);
    const { order, ...rest } = x;
    if (dims.filter((d) => d > 1).join() === x.dims.filter((d) => d > 1).join() && movesOnesOnly(x.dims, order)) {
      return this.reshape(node, rest, dims);
    }
    const y = newPlane(x.plane.type, dims);
    this.add({
      kind: 'move',
      name: node.name,
      op: 'Transpose',
      x: rest,
      y,
      dims,
      strides: order.map((axis) => strides[axis]!),
      offset: 0,
    });
    return { ...rest, plane: y, dims, isOnlyView: true };
  }

  /** `x`, whose order is the file's, under other dimensions: the same planes where those agree. */
  reshape(node: Node, x: Activation, dims: readonly number[]): Activation {
    const y = newPlane(x.plane.type, dims);
    const { channels, height, width } = x.plane;
    if (y.channels === channels && y.height * y.width === height * width) return { ...x, dims };
    const count = channels * height * width;
    this.add({ kind: 'move', name: node.name, op: node.op, x, y, dims: [count], strides: [1], offset: 0 });
    return { ...x, plane: y, dims, isOnlyView: true };
  }
}

/** Whether axes larger than 1 keep their order. */
function movesOnesOnly(dims: readonly number[], order: readonly number[]): boolean {
  const large = order.filter((axis) => dims[axis]! > 1);
  return large.every((axis, i) => i === 0 || axis > large[i - 1]!);
}

/** What a node with one output becomes, of operands by slot. */
export type LoweringRule = (lowering: Lowering, node: Node, inputs: readonly (Operand | undefined)[]) => Operand;

/** True for a value that one node reads, once or several times, and that is no output of the graph. */
export const isReadOnce = (value: Value) => value.uses.size === 1 && !value.graph.outputs.includes(value);

export function activationInput(node: Node, inputs: readonly (Operand | undefined)[], index: number): Activation {
  const input = inputs[index];
  if (input?.kind === 'activation') return input;
  throw unsupported(node, `a computed input ${index}`, input ? 'a constant' : 'none');
}

export function constantInput(node: Node, inputs: readonly (Operand | undefined)[], index: number): Constant {
  const input = inputs[index];
  if (input?.kind === 'constant') return input;
  throw unsupported(node, `a constant as input ${index}`, input ? 'a computed one' : 'none');
}

export function optionalConstant(
  node: Node,
  inputs: readonly (Operand | undefined)[],
  index: number,
): Constant | undefined {
  return inputs[index] && constantInput(node, inputs, index);
}

/** An activation of float values: integers that stand for themselves have to be dequantized first. */
export function floatInput(node: Node, inputs: readonly (Operand | undefined)[], index: number): Activation {
  const x = activationInput(node, inputs, index);
  if (x.dtype === 'float32') return x;
  throw unsupported(node, 'float32', `${x.dtype}${printDims(fileDims(x))}`);
}

/** New planes of floats in the order of `like`. */
export function floatLike(like: Activation): Activation {
  const { order } = like;
  const y = activationOf(newPlane('float32', like.dims), like.dims);
  return order ? { ...y, order } : y;
}
