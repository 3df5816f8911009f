/** Normalizations and Dropout: the shape of x, and the statistics beside it. */

import type { Shape } from '../../ir/index.ts';
import { agree, broadcastShapes } from './dims.ts';
import { axisOf, dtypeOf, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** x [N, C, ...] with scale, bias, mean and variance [C]; in training mode also the running mean and variance. */
export const batchNormalization: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const channels = x && (x.length > 1 ? x[1]! : 1);
  for (const [i, name] of ['scale', 'bias', 'mean', 'variance'].entries()) {
    const shape = shapeOf(node, i + 1);
    if (shape && channels !== undefined && (shape.length !== 1 || !agree(shape[0]!, channels))) {
      throw mismatch(node, `expected a ${name} [${channels}], found ${printDims(shape)}`);
    }
  }
  return [node.input(0).type, node.input(3).type, node.input(4).type];
};

/** Outputs y like x, then mean and inverse deviation, whose normalized axes have size 1. */
export const layerNormalization: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const axis = x && axisOf(node, node.int('axis', -1), x.length);
  for (const i of [1, 2]) {
    const shape = shapeOf(node, i);
    if (x && shape && !broadcastsTo(shape, x.slice(axis))) {
      throw mismatch(
        node,
        `expected scale and bias that broadcast to ${printDims(x.slice(axis))}, found ${printDims(shape)}`,
      );
    }
  }
  const statistics = typed(
    'float32',
    x?.map((d, i) => (i < axis! ? d : 1)),
  );
  return [node.input(0).type, statistics, statistics];
};

function broadcastsTo(shape: Shape, target: Shape): boolean {
  const result = broadcastShapes(shape, target);
  return result !== undefined && result.length === target.length && result.every((d, i) => agree(d, target[i]!));
}

/** y like x, and the mask of kept elements. */
export const dropout: ShapeRule = (node) => [
  typed(dtypeOf(node, 0), shapeOf(node, 0)),
  typed('bool', shapeOf(node, 0)),
];

/** x [N, C, ...] with scale and bias [C]. */
export const instanceNormalization: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  if (x && x.length < 3) throw mismatch(node, `expected an input [N, C, ...spatial], found ${printDims(x)}`);
  for (const [i, name] of ['scale', 'bias'].entries()) {
    const shape = shapeOf(node, i + 1);
    if (x && shape && (shape.length !== 1 || !agree(shape[0]!, x[1]!))) {
      throw mismatch(node, `expected a ${name} [${x[1]}], found ${printDims(shape)}`);
    }
  }
  return [node.input(0).type];
};
