/** What a shape rule is, and the few things that all rules ask of a node. */

import {
  type Dim,
  type DType,
  maxRank,
  type Node,
  type Shape,
  type TensorType,
  TritbankError,
} from '../../ir/index.ts';
import { printDims } from '../arithmetic/errors.ts';

export { axisOf, printDims } from '../arithmetic/errors.ts';

/** The types of a node's outputs, in order; undefined where not even the element type is known. */
export type ShapeRule = (node: Node) => readonly (TensorType | undefined)[];

/** Reports operands that do not fit: `detail` is 'expected ..., found ...'. */
export function mismatch(node: Node, detail: string): TritbankError {
  return new TritbankError('E_SHAPE', node.label, detail);
}

/** A type, undefined while the element type is unknown. */
export function typed(dtype: DType | undefined, shape: Shape | undefined): TensorType | undefined {
  if (!dtype) return undefined;
  return shape ? { dtype, shape } : { dtype };
}

/** The element type of a required input, as far as known. */
export const dtypeOf = (node: Node, index: number): DType | undefined => node.input(index).type?.dtype;

/** The shape of an input, as far as known; undefined for an omitted one too. */
export const shapeOf = (node: Node, index: number): Shape | undefined => node.inputs[index]?.type?.shape;

export const present = (node: Node, index: number): boolean => node.inputs[index] !== undefined;

/** The symbol of a dimension that cannot be expressed: the same at every inference of the same graph. */
export function freshDim(node: Node, axis: number, output = 0): Dim {
  return `${node.outputs[output]?.name ?? node.name}_d${axis}`;
}

/** Ranks double where shapes are built of shapes: no network has so many axes. */
export function expectSmallRank(node: Node, rank: number): void {
  if (rank <= maxRank) return;
  throw new TritbankError('E_LIMIT', node.label, `expected tensors of at most ${maxRank} axes, found ${rank}`);
}

/** A shape of known rank whose dimensions are all unknown. */
export function freshShape(node: Node, rank: number): Shape {
  expectSmallRank(node, rank);
  return Array.from({ length: rank }, (_, axis) => freshDim(node, axis));
}

/** Throws unless the ranks are equal. */
export function expectRank(node: Node, what: string, shape: Shape, rank: number): void {
  if (shape.length !== rank) throw mismatch(node, `expected ${what} of rank ${rank}, found ${printDims(shape)}`);
}
