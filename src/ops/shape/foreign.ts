/**
 * Shapes behind operators that Tritbank has no rules for but this: what does not change the shape of its input, and
 * Resize by constants. Networks with these can be measured, calibrated and exported, the operators as they are.
 */

import { type Node, type TensorType, toNumbers } from '../../ir/index.ts';
import { numbersOf } from './contents.ts';

const keepShape: ReadonlySet<string> = new Set([
  ...['Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Celu', 'Cos', 'Cosh', 'GroupNormalization', 'Hardmax'],
  ...['InstanceNormalization', 'LpNormalization', 'LRN', 'MeanVarianceNormalization', 'Mish', 'RMSNormalization'],
  ...['Selu', 'Shrink', 'Sin', 'Sinh', 'Softsign', 'Swish', 'Tan', 'ThresholdedRelu'],
]);

/** The type of the first output, or undefined where nothing is known. */
export function foreignType(node: Node): TensorType | undefined {
  const type = node.domain === '' ? node.inputs[0]?.type : undefined;
  if (!type || keepShape.has(node.op)) return type;
  return node.op === 'Resize' ? resize(node, type) : undefined;
}

/** floor(size x scale), or the sizes that are given; not for the attributes that choose axes or keep the aspect. */
function resize(node: Node, { dtype, shape }: TensorType): TensorType | undefined {
  const scales = node.inputs[2]?.constant && toNumbers(node.inputs[2].constant);
  const sizes = numbersOf(node.inputs[3]);
  const factors = scales?.length ? scales : sizes;
  if (!shape || factors?.length !== shape.length || node.has('axes') || node.has('keep_aspect_ratio_policy')) {
    return undefined;
  }
  const sizeOf = (dim: number | string, i: number) => {
    if (factors === sizes) return sizes[i]!;
    return factors[i] === 1 ? dim : typeof dim === 'number' ? Math.floor(dim * factors[i]!) : undefined;
  };
  const dims = shape.map(sizeOf);
  return dims.every((dim) => dim !== undefined) ? { dtype, shape: dims as readonly (number | string)[] } : undefined;
}
