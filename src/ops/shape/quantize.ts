/** Linear quantization: the shape stays, the element type follows the zero point or the scale. */

import { dtypeOfElementCode } from '../../ir/index.ts';
import { dtypeOf, present, type ShapeRule, shapeOf, typed } from './rule.ts';

export const quantizeLinear: ShapeRule = (node) => {
  const declared = dtypeOfElementCode(node.int('output_dtype', 0));
  const dtype = present(node, 2) ? dtypeOf(node, 2) : (declared ?? 'uint8');
  return [typed(dtype, shapeOf(node, 0))];
};

export const dequantizeLinear: ShapeRule = (node) => [typed(dtypeOf(node, 1), shapeOf(node, 0))];
