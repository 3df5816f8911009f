/** Quantization with one scale per tensor or per index of an axis; blocked quantization is left out. */

import { elementCount, type Node, TritbankError } from '../../ir/index.ts';
import { axisOf } from '../arithmetic/errors.ts';
import { roundEven } from '../arithmetic/numbers.ts';
import { numbers, optionalNumbers, type ReferenceRule, result, tensorOf } from './arrays.ts';

const ranges: { readonly [dtype: string]: readonly [number, number] } = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** For each element of input 0, which scale belongs to it. */
function scaleIndices(node: Node): (element: number) => number {
  if (node.int('block_size', 0) !== 0) {
    throw new TritbankError('E_UNSUPPORTED', node.label, 'expected one scale per tensor or channel, found block_size');
  }
  const { dims } = tensorOf(node, 0);
  if (tensorOf(node, 1).data.length === 1) return () => 0;
  const axis = axisOf(node, node.int('axis', 1), dims.length);
  const inner = elementCount(dims.slice(axis + 1));
  return (i) => Math.floor(i / inner) % dims[axis]!;
}

/** saturate(round(x / scale) + zero point), halves to even */
export const quantizeLinear: ReferenceRule = (node) => {
  const range = ranges[node.output().dtype];
  if (!range) {
    throw new TritbankError('E_UNSUPPORTED', node.label, `expected an 8- or 16-bit type, found ${node.output().dtype}`);
  }
  const [scale, zero, at] = [numbers(node, 1), optionalNumbers(node, 2), scaleIndices(node)];
  const quantize = (x: number, i: number) => roundEven(Math.fround(x / scale[at(i)]!)) + (zero?.[at(i)] ?? 0);
  const clamp = (v: number) => Math.min(Math.max(v, range[0]), range[1]);
  return [
    result(
      node,
      numbers(node, 0).map((x, i) => clamp(quantize(x, i))),
    ),
  ];
};
