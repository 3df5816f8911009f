/** The gradient of the batch-last depthwise marker: the transposed map for x, the outer product of maps for w. */

import { applyMap, geometryOf, weightGradient } from '../depthwise.ts';
import { type GradientRule, gradientOfFirst } from './rule.ts';

export const depthwiseConvolution: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const geometry = geometryOf(node);
  return [
    needs(0) ? applyMap(b, geometry, 'backward', node.input(1), dy) : null,
    needs(1) ? weightGradient(b, geometry, node.input(0), dy) : null,
  ];
};
