/** Rules of elementwise operators: one operand, several that broadcast, comparisons, casts. */

import { type DType, dtypeOfElementCode, type Node, type Shape } from '../../ir/index.ts';
import { broadcastShapes } from './dims.ts';
import { axisOf, dtypeOf, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** Output like input 0. */
export const sameType: ShapeRule = (node) => [node.input(0).type];

/** Like `sameType`, for an operator along an `axis`, which must exist. */
export function alongAxis(defaultAxis: number): ShapeRule {
  return (node) => {
    const rank = shapeOf(node, 0)?.length;
    if (rank !== undefined) axisOf(node, node.int('axis', defaultAxis), rank);
    return [node.input(0).type];
  };
}

/** The broadcast shape of the inputs `indices`; undefined while one of them is unknown. */
export function broadcastInputs(node: Node, indices: readonly number[]): Shape | undefined {
  const shapes = indices.map((i) => shapeOf(node, i));
  if (!shapes.every((s): s is Shape => s !== undefined)) return undefined;
  const [first = [], ...rest] = shapes;
  const result = rest.reduce<Shape | undefined>((joint, shape) => joint && broadcastShapes(joint, shape), first);
  if (!result) throw mismatch(node, `expected operands that broadcast, found ${shapes.map(printDims).join(' and ')}`);
  return result;
}

function commonType(node: Node, indices: readonly number[]): DType | undefined {
  const dtypes = indices.map((i) => dtypeOf(node, i)).filter((d) => d !== undefined);
  const other = dtypes.find((d) => d !== dtypes[0]);
  if (other) throw mismatch(node, `expected operands of one element type, found ${dtypes[0]} and ${other}`);
  return dtypes[0];
}

const all = (node: Node) => [...node.inputs.keys()];

/** Operands of one element type, which the result has, too. */
export const broadcast: ShapeRule = (node) => [typed(commonType(node, all(node)), broadcastInputs(node, all(node)))];

/** Operands of one element type, a boolean result. */
export const compare: ShapeRule = (node) => {
  commonType(node, [0, 1]);
  return [typed('bool', broadcastInputs(node, [0, 1]))];
};

/** The exponent may have another element type. */
export const pow: ShapeRule = (node) => [typed(dtypeOf(node, 0), broadcastInputs(node, [0, 1]))];

export const where: ShapeRule = (node) => [typed(commonType(node, [1, 2]), broadcastInputs(node, [0, 1, 2]))];

/** The slope broadcasts to x, never the other way round. */
export const prelu: ShapeRule = (node) => {
  const [x, slope, result] = [shapeOf(node, 0), shapeOf(node, 1), broadcastInputs(node, [0, 1])];
  if (x && slope && result && (result.length !== x.length || x.some((d, i) => d === 1 && result[i] !== 1))) {
    throw mismatch(node, `expected a slope that broadcasts to ${printDims(x)}, found ${printDims(slope)}`);
  }
  return [typed(commonType(node, [0, 1]), x)];
};

export const cast: ShapeRule = (node) => {
  const dtype = dtypeOfElementCode(node.int('to'));
  if (!dtype) throw mismatch(node, `expected a supported element type, found number ${node.int('to')}`);
  return [typed(dtype, shapeOf(node, 0))];
};
