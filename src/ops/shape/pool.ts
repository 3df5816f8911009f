/** Pools over the spatial axes of [N, C, ...]. */

import type { TensorType } from '../../ir/index.ts';
import { positions, windowsOf } from '../arithmetic/window.ts';
import { dtypeOf, freshDim, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** AveragePool, and MaxPool, whose second output holds the int64 positions of the maxima. */
export const pool: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const result = (shape?: TensorType['shape']) => [typed(dtypeOf(node, 0), shape), typed('int64', shape)];
  if (!x) return result();
  const sizes = x.slice(2);
  const windows = windowsOf(node, sizes, node.ints('kernel_shape'));
  // With SAME_*, the padding already leaves whole windows only.
  const ceil = node.int('ceil_mode', 0) === 1 && !node.string('auto_pad', 'NOTSET').startsWith('SAME');
  const spatial = sizes.map((size, i) => positions(node, size, windows[i]!, ceil) ?? freshDim(node, i + 2));
  return result([...x.slice(0, 2), ...spatial]);
};

/** Every spatial axis becomes 1. */
export const globalPool: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  if (x && x.length < 3) throw mismatch(node, `expected an input [N, C, ...spatial], found ${printDims(x)}`);
  return [
    typed(
      dtypeOf(node, 0),
      x?.map((d, axis) => (axis < 2 ? d : 1)),
    ),
  ];
};
