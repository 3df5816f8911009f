/**
 * What operators compute of constants, in the semantics of opset 20: packed weights, half-precision weights, shapes,
 * and whatever else files compute before they see an image. Those with more arithmetic than that are in `../reference/`
 * only. Held to ONNX Runtime by `test/ort/evaluate.test.ts` and `reference.test.ts`.
 */

import { elementCount, f32, type Node, type Tensor } from '../../ir/index.ts';
import type { OpType } from '../names.ts';
import { blockMove } from './blocks.ts';
import {
  broadcastShapes,
  flattenAxis,
  reshapedDims,
  shapePart,
  sliceRanges,
  splitSizes,
  squeezedDims,
  transposePerm,
  unsqueezedDims,
} from './dims.ts';
import { binary, broadcast, cast, clip, mapped, mod, pow, predicate, prelu, unary, where } from './elementwise.ts';
import { axisOf, misfit, printDims, unsupported } from './errors.ts';
import { concatenated, expandTo, gathered, newLike, sliced, splitParts, transposed } from './move.ts';
import { countOf, fromNumbers, integersOf, numbersOf } from './numbers.ts';
import { all, expectOneType, need, type Operands, type Rule } from './rule.ts';

const constantOfShape: Rule = (node, inputs) => {
  const dims = integersOf(need(node, inputs, 0), node.label)!;
  const { value } = node.attributes;
  const fill = value?.kind === 'tensor' ? value.value : f32([1]);
  const { tensor, data } = newLike(fill, dims, node);
  data.fill(fill.data[0] as number);
  return tensor;
};

/** start, start + delta ... below limit. */
const range: Rule = (node, inputs) => {
  const operands = [0, 1, 2].map((i) => need(node, inputs, i));
  expectOneType(node, operands);
  const [start, limit, delta] = operands.map((t) => numbersOf(t, node.label)[0] ?? Number.NaN) as [
    number,
    number,
    number,
  ];
  const { dtype } = operands[0]!;
  const count = countOf([Math.max(0, Math.ceil((limit - start) / delta))], node, dtype);
  const values = Float64Array.from({ length: count }, (_, i) => start + i * delta);
  return fromNumbers(dtype, [count], values);
};

const expand: Rule = (node, inputs) => {
  const [x, shape] = [need(node, inputs, 0), integersOf(need(node, inputs, 1), node.label)!];
  const dims = broadcastShapes(x.dims, shape);
  if (!dims) throw misfit(node, `a shape to which ${printDims(x.dims)} broadcasts`, printDims(shape));
  return expandTo(x, dims, node);
};

/** The same elements under other dimensions. */
const reshaped =
  (dimsOf: (node: Node, dims: readonly number[], shape: number[] | undefined) => readonly number[]): Rule =>
  (node, inputs) => {
    const x = need(node, inputs, 0);
    return { ...x, dims: dimsOf(node, x.dims, integersOf(inputs[1], node.label)) };
  };

/** The integers that an operator cannot do without. */
function given(node: Node, shape: number[] | undefined): number[] {
  if (shape) return shape;
  throw misfit(node, 'an input 1', 'none');
}

const flatten = reshaped((node, dims) => {
  const axis = flattenAxis(node, dims.length);
  return [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis))];
});

const slice: Rule = (node, inputs) => {
  const x = need(node, inputs, 0);
  const lists = [1, 2, 3, 4].map((i) => integersOf(inputs[i], node.label));
  return sliced(node, x, sliceRanges(node, x.dims, lists));
};

const split: Rule = (node, inputs) => {
  const x = need(node, inputs, 0);
  const axis = axisOf(node, node.int('axis', 0), x.dims.length);
  return splitParts(node, x, axis, splitSizes(node, x.dims[axis]!, integersOf(inputs[1], node.label)));
};

const moveBlocks: Rule = (node, inputs) => {
  const x = need(node, inputs, 0);
  const { split, perm, dims } = blockMove(node, x.dims);
  return { ...transposed(node, { ...x, dims: split }, perm), dims };
};

/** Identity in inference; the mask, where it is asked for, is all true. */
const dropout: Rule = (node, inputs) => {
  const x = need(node, inputs, 0);
  const [ratio, training] = [inputs[1], inputs[2]].map((t) => t && numbersOf(t, node.label)[0]);
  if (training && ratio !== 0) throw unsupported(node, 'inference mode', 'training_mode true');
  const mask = (): Tensor => ({ dtype: 'bool', dims: x.dims, data: new Uint8Array(x.data.length).fill(1) });
  return node.outputs[1] ? [x, mask()] : x;
};

/** x = scale (q - zeroPoint), with one scale, or one for each index along `axis`. */
export function dequantize(node: Node, inputs: Operands): Tensor {
  const [q, scale, zero] = [need(node, inputs, 0), need(node, inputs, 1), inputs[2]];
  if (node.int('block_size', 0) !== 0) throw unsupported(node, 'no blocks', node.int('block_size'));
  const scales = numbersOf(scale, node.label);
  const zeros = zero && numbersOf(zero, node.label);
  const axis = scales.length === 1 ? 0 : axisOf(node, node.int('axis', 1), q.dims.length);
  const inner = elementCount(q.dims.slice(axis + 1));
  const expected = scales.length === 1 ? 1 : q.dims[axis]!;
  if (scales.length !== expected || (zeros && zeros.length !== expected)) {
    throw misfit(node, `${expected} scales and zero points`, `${scales.length} and ${zeros?.length ?? 'none'}`);
  }
  countOf(q.dims, node, q.dtype);
  const values = numbersOf(q, node.label);
  const data = scale.dtype === 'float32' ? new Float32Array(values.length) : new Float64Array(values.length);
  for (let i = 0; i < data.length; i++) {
    const k = expected === 1 ? 0 : Math.floor(i / inner) % expected;
    data[i] = (values[i]! - (zeros?.[k] ?? 0)) * scales[k]!;
  }
  return fromNumbers(scale.dtype, q.dims, data);
}

const rules = {
  Abs: unary,
  Add: binary((a, b) => a + b),
  And: predicate((a, b) => a !== 0 && b !== 0),
  Cast: cast,
  Ceil: unary,
  Celu: unary,
  Clip: clip,
  Concat: (node, inputs) => concatenated(node, all(node, inputs)),
  ConstantOfShape: constantOfShape,
  DepthToSpace: moveBlocks,
  DequantizeLinear: dequantize,
  Div: binary((a, b) => a / b),
  Dropout: dropout,
  Elu: unary,
  Equal: predicate((a, b) => a === b),
  Erf: unary,
  Exp: unary,
  Expand: expand,
  Flatten: flatten,
  Floor: unary,
  Gather: (node, inputs) => gathered(node, need(node, inputs, 0), need(node, inputs, 1)),
  Gelu: unary,
  Greater: predicate((a, b) => a > b),
  GreaterOrEqual: predicate((a, b) => a >= b),
  HardSigmoid: unary,
  HardSwish: unary,
  Identity: (node, inputs) => need(node, inputs, 0),
  LeakyRelu: unary,
  Less: predicate((a, b) => a < b),
  LessOrEqual: predicate((a, b) => a <= b),
  Log: unary,
  Max: broadcast(Math.max),
  Min: broadcast(Math.min),
  Mish: unary,
  Mod: mod,
  Mul: binary((a, b) => a * b),
  Neg: unary,
  Not: (node, inputs) => mapped(node, need(node, inputs, 0), (x) => Number(x === 0)),
  Or: predicate((a, b) => a !== 0 || b !== 0),
  Pow: pow,
  PRelu: prelu,
  Range: range,
  Reciprocal: unary,
  Relu: unary,
  Reshape: reshaped((node, dims, shape) => reshapedDims(node, dims, given(node, shape))),
  Round: unary,
  Selu: unary,
  Shape: (node, inputs) => {
    const dims = shapePart(node, need(node, inputs, 0).dims);
    return fromNumbers('int64', [dims.length], dims);
  },
  Sigmoid: unary,
  Sign: unary,
  Slice: slice,
  Softplus: unary,
  Softsign: unary,
  SpaceToDepth: moveBlocks,
  Split: split,
  Sqrt: unary,
  Squeeze: reshaped(squeezedDims),
  Sub: binary((a, b) => a - b),
  Sum: broadcast((a, b) => a + b),
  Tanh: unary,
  Transpose: (node, inputs) => {
    const x = need(node, inputs, 0);
    return transposed(node, x, transposePerm(node, x.dims.length));
  },
  Unsqueeze: reshaped((node, dims, axes) => unsqueezedDims(node, dims, given(node, axes))),
  Where: where,
  Xor: predicate((a, b) => (a !== 0) !== (b !== 0)),
} satisfies { readonly [K in OpType]?: Rule };

/** Operators that have a rule here. */
export type EvaluatedOp = keyof typeof rules;

/** Whether `evaluateConstants` knows the operator. */
export function isEvaluated(op: string, domain = ''): op is EvaluatedOp {
  return domain === '' && Object.hasOwn(rules, op);
}

/**
 * The outputs of a node with a rule for these operands, which are not changed but may be shared with the result.
 * E_SHAPE for operands that do not fit, E_UNSUPPORTED for a variant that is left out, and for strings that are computed
 * with.
 */
export function evaluateConstants(node: Node, inputs: Operands): readonly Tensor[] {
  if (!isEvaluated(node.op, node.domain)) throw new Error(`internal: ${node.label} has no rule for constants`);
  const outputs = rules[node.op](node, inputs);
  return Array.isArray(outputs) ? outputs : [outputs as Tensor];
}
