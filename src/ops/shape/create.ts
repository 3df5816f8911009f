/** Operators whose result does not take an operand's elements: constants, ranges, shapes. */

import { f32, i64, type Node, scalar, type Tensor, TritbankError } from '../../ir/index.ts';
import { shapePart } from '../arithmetic/dims.ts';
import { contentsOf, scalarOf } from './contents.ts';
import { dtypeOf, freshDim, freshShape, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** The tensor that a Constant node stands for. */
export function constantTensor(node: Node): Tensor {
  const { value, value_int, value_ints, value_float, value_floats, value_string, value_strings } = node.attributes;
  if (value?.kind === 'tensor') return value.value;
  if (value_int?.kind === 'int') return i64([value_int.value], []);
  if (value_ints?.kind === 'ints') return i64(value_ints.value);
  if (value_float?.kind === 'float') return scalar(value_float.value);
  if (value_floats?.kind === 'floats') return f32([value_floats.value.length], value_floats.value);
  if (value_string?.kind === 'string') return { dtype: 'string', dims: [], data: [value_string.value] };
  if (value_strings?.kind === 'strings') {
    return { dtype: 'string', dims: [value_strings.value.length], data: [...value_strings.value] };
  }
  const found = Object.keys(node.attributes).join(', ') || 'none';
  throw new TritbankError('E_UNSUPPORTED', node.label, `expected a dense value, found attributes ${found}`);
}

export const constant: ShapeRule = (node) => {
  const { dtype, dims } = constantTensor(node);
  return [{ dtype, shape: dims }];
};

/** The one-element tensor with which ConstantOfShape fills its result; by default a float32 zero. */
export function fillOf(node: Node): Tensor {
  const value = node.attributes.value;
  return value?.kind === 'tensor' ? value.value : f32([1]);
}

export const constantOfShape: ShapeRule = (node) => {
  const dims = contentsOf(node.input(0));
  const rank = shapeOf(node, 0)?.[0];
  const wrong = dims?.some((d) => typeof d === 'number' && d < 0);
  if (wrong) throw mismatch(node, `expected sizes of 0 or more, found ${printDims(dims!)}`);
  return [typed(fillOf(node).dtype, dims ?? (typeof rank === 'number' ? freshShape(node, rank) : undefined))];
};

/** start, start + delta ... below limit. */
export const range: ShapeRule = (node) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => scalarOf(node.inputs[i]));
  const fixed = typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number';
  const count = fixed
    ? Math.max(0, Math.ceil((limit - start) / delta))
    : start === 0 && delta === 1 && limit !== undefined
      ? limit
      : freshDim(node, 0);
  return [typed(dtypeOf(node, 0), [count])];
};

export const shape: ShapeRule = (node) => {
  const x = shapeOf(node, 0);
  const length = x && shapePart(node, x).length;
  return [{ dtype: 'int64', shape: [length ?? freshDim(node, 0)] }];
};
