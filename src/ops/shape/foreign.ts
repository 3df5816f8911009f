/**
 * Shapes behind operators that Tritbank has no rules for but this: what does not change the shape of its input. Networks
 * with these can be measured, calibrated and exported, the operators as they are.
 */

import type { Node, TensorType } from '../../ir/index.ts';

const keepShape: ReadonlySet<string> = new Set([
  ...['Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Cos', 'Cosh', 'GroupNormalization', 'Hardmax'],
  ...['LpNormalization', 'MeanVarianceNormalization', 'RMSNormalization', 'Shrink', 'Sin', 'Sinh', 'Swish', 'Tan'],
  'ThresholdedRelu',
]);

/** The type of the first output, or undefined where nothing is known. */
export function foreignType(node: Node): TensorType | undefined {
  return node.domain === '' && keepShape.has(node.op) ? node.inputs[0]?.type : undefined;
}
