/**
 * Orders of channels, and constants brought into them. In an order p, place i holds what was at place p[i].
 */

import {
  bytesPerElement,
  elementCount,
  fromBytes,
  type Node,
  type NumericDType,
  type Tensor,
  toBytes,
} from '../../ir/index.ts';

/** Each of 0 ... length - 1 once. */
export type Order = readonly number[];

export const isOrder = (order: Order): boolean =>
  new Set(order).size === order.length && order.every((p) => Number.isInteger(p) && p >= 0 && p < order.length);

export const isIdentity = (order: Order): boolean => order.every((p, i) => p === i);

export const isSame = (a: Order, b: Order): boolean => a.length === b.length && a.every((p, i) => p === b[i]);

/** The order that undoes `order`. */
export function invert(order: Order): number[] {
  const inverse = new Array<number>(order.length);
  for (const [i, p] of order.entries()) inverse[p] = i;
  return inverse;
}

/** The order of channels of which each has become `count` in a row. */
export const expand = (order: Order, count: number): Order =>
  order.flatMap((p) => Array.from({ length: count }, (_, k) => p * count + k));

function reorder(tensor: Tensor, axis: number, order: Order): Tensor {
  const { dims } = tensor;
  const dtype = tensor.dtype as NumericDType;
  const from = toBytes(tensor);
  const to = new Uint8Array(from.length);
  const block = elementCount(dims.slice(axis + 1)) * bytesPerElement(dtype);
  for (let outer = 0; outer < from.length; outer += order.length * block) {
    for (const [i, p] of order.entries()) {
      const start = outer + p * block;
      to.set(from.subarray(start, start + block), outer + i * block);
    }
  }
  return { dtype, dims, data: fromBytes(dtype, to) };
}

/** Gives `node` another constant of the same shape; a copy under a fresh name where somebody else reads the old one. */
export function replaceConstant(node: Node, slot: number, tensor: Tensor): void {
  const value = node.input(slot);
  const slots = node.inputs.filter((input) => input === value).length;
  if (value.uses.size > 1 || slots > 1 || node.graph.outputs.includes(value)) {
    node.setInput(slot, node.graph.initializer(value.name, tensor));
    return;
  }
  value.constant = tensor;
  value.type = { dtype: tensor.dtype, shape: tensor.dims };
}

/** Brings one axis of the constant at `slot` into `order`; a constant that is the same in any order stays as it is. */
export function reorderConstant(node: Node, slot: number, axis: number, order: Order): void {
  const old = node.input(slot).constant!;
  const tensor = reorder(old, axis, order);
  const [before, after] = [toBytes(old), toBytes(tensor)];
  if (before.some((byte, i) => byte !== after[i])) replaceConstant(node, slot, tensor);
}
