/**
 * What a file computes from constants alone, computed once when it is loaded: packed weights (Cast, Gather from the table
 * of trits, Reshape, Slice), half-precision weights, shapes. One rule per operator, in the semantics of opset 20; the
 * broadcasting ones share two combinators. Left out: whatever no exporter writes for weights or shapes.
 */

import { elementCount, type Node, type NumericDType, type Tensor, toNumbers } from '../../ir/index.ts';
import { codeToDtype } from '../../onnx/types.ts';
import { axisOf, misfit, printDims, unsupported } from '../errors.ts';
import { broadcastDims, countOf, expandTo, moveElements, numbersOf, stridesOf, tensorOf } from './arrays.ts';
import { concatenate, gather, slice, squeezedDims, transposeDims, unsqueezedDims } from './movement.ts';

type Inputs = readonly (Tensor | undefined)[];
type Rule = (node: Node, inputs: Inputs) => Tensor;

const need = (node: Node, inputs: Inputs, index: number): Tensor => {
  const tensor = inputs[index];
  if (tensor) return tensor;
  throw misfit(node, `an input ${index}`, 'none');
};

/** Integers of an optional input. */
export const integersOf = (tensor: Tensor | undefined, where: string): number[] | undefined =>
  tensor && Array.from(numbersOf(tensor, where));

const numeric = (node: Node, tensor: Tensor): NumericDType => {
  if (tensor.dtype === 'string') throw unsupported(node, 'numbers', 'strings');
  return tensor.dtype === 'float16' || tensor.dtype === 'bfloat16' ? 'float32' : tensor.dtype;
};

const unary =
  (f: (x: number) => number): Rule =>
  (node, inputs) => {
    const x = need(node, inputs, 0);
    const values = numbersOf(x, node.label);
    return tensorOf(numeric(node, x), x.dims, Float64Array.from(values, f), node.label);
  };

const binary =
  (f: (a: number, b: number) => number, result?: 'bool'): Rule =>
  (node, inputs) => {
    const [a, b] = [need(node, inputs, 0), need(node, inputs, 1)];
    const dims = broadcastDims(a.dims, b.dims);
    if (!dims) throw misfit(node, 'shapes that broadcast', `${printDims(a.dims)} and ${printDims(b.dims)}`);
    countOf(dims, node.label);
    const spread = (t: Tensor) => numbersOf(expandTo(t, dims, node.label), node.label);
    const [x, y] = [spread(a), spread(b)];
    const type = numeric(node, a);
    const isInteger = !type.startsWith('float');
    const values = new Float64Array(x.length);
    for (let i = 0; i < values.length; i++) {
      const value = f(x[i]!, y[i]!);
      values[i] = isInteger && result === undefined ? Math.trunc(value) : value;
    }
    return tensorOf(result ?? type, dims, values, node.label);
  };

const fold =
  (f: (a: number, b: number) => number): Rule =>
  (node, inputs) => {
    let sum = need(node, inputs, 0);
    for (let i = 1; i < inputs.length; i++) sum = binary(f)(node, [sum, need(node, inputs, i)]);
    return sum;
  };

const reshaped = (x: Tensor, dims: readonly number[]): Tensor => ({ ...x, dims });

/** The dimensions that Reshape gives to `count` elements: 0 copies, -1 is what is left. */
export function reshapeDims(node: Node, from: readonly number[], target: readonly number[]): number[] {
  const dims = target.map((d, i) => (d === 0 && node.int('allowzero', 0) === 0 ? (from[i] ?? -2) : d));
  const count = elementCount(from);
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = count / elementCount(dims.filter((_, i) => i !== open));
  if (elementCount(dims) === count && dims.every((d) => Number.isInteger(d) && d >= 0)) return dims;
  throw misfit(node, `a shape of ${count} elements`, printDims(target));
}

function cast(node: Node, inputs: Inputs): Tensor {
  const x = need(node, inputs, 0);
  const to = codeToDtype(node.int('to'), node.label);
  if (to === x.dtype) return x;
  if (to === 'string') throw unsupported(node, 'a cast to numbers', to);
  return tensorOf(to, x.dims, numbersOf(x, node.label), node.label);
}

function clip(node: Node, inputs: Inputs): Tensor {
  const bound = (index: number, none: number) => {
    const tensor = inputs[index];
    return tensor ? (numbersOf(tensor, node.label)[0] ?? none) : none;
  };
  const [low, high] = [bound(1, -Infinity), bound(2, Infinity)];
  return unary((x) => Math.min(Math.max(x, low), high))(node, inputs);
}

function constantOfShape(node: Node, inputs: Inputs): Tensor {
  const dims = integersOf(need(node, inputs, 0), node.label)!;
  const value = node.attributes.value?.kind === 'tensor' ? node.attributes.value.value : undefined;
  const type = value ? numeric(node, value) : 'float32';
  const fill = value ? (toNumbers(value)[0] ?? 0) : 0;
  return tensorOf(type, dims, new Float64Array(countOf(dims, node.label)).fill(fill), node.label);
}

function expand(node: Node, inputs: Inputs): Tensor {
  const [x, shape] = [need(node, inputs, 0), integersOf(need(node, inputs, 1), node.label)!];
  const dims = broadcastDims(x.dims, shape);
  if (!dims) throw misfit(node, 'a shape to broadcast to', `${printDims(x.dims)} and ${printDims(shape)}`);
  return expandTo(x, dims, node.label);
}

function range(node: Node, inputs: Inputs): Tensor {
  const [start = 0, limit = 0, delta = 1] = [0, 1, 2].map((i) => numbersOf(need(node, inputs, i), node.label)[0]);
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  countOf([count], node.label);
  const values = Float64Array.from({ length: count }, (_, i) => start + i * delta);
  return tensorOf(numeric(node, inputs[0]!), [count], values, node.label);
}

function transpose(node: Node, inputs: Inputs): Tensor {
  const x = need(node, inputs, 0);
  const { perm, dims } = transposeDims(node, x.dims);
  const strides = stridesOf(x.dims);
  return moveElements(
    x,
    dims,
    perm.map((axis) => strides[axis]!),
    0,
    node.label,
  );
}

function where(node: Node, inputs: Inputs): Tensor {
  const [condition, a, b] = [need(node, inputs, 0), need(node, inputs, 1), need(node, inputs, 2)];
  const dims = broadcastDims(condition.dims, broadcastDims(a.dims, b.dims) ?? [-1]);
  if (!dims) throw misfit(node, 'shapes that broadcast', printDims(condition.dims));
  const [c, x, y] = [condition, a, b].map((t) => numbersOf(expandTo(t, dims, node.label), node.label));
  return tensorOf(
    numeric(node, a),
    dims,
    Float64Array.from(c!, (v, i) => (v ? x![i]! : y![i]!)),
    node.label,
  );
}

/** x = scale (q - zeroPoint), with one scale, or one for each index along `axis`. */
export function dequantize(node: Node, inputs: Inputs): Tensor {
  const [q, scale, zero] = [need(node, inputs, 0), need(node, inputs, 1), inputs[2]];
  if (node.int('block_size', 0) !== 0) throw unsupported(node, 'no blocks', node.int('block_size'));
  const scales = numbersOf(scale, node.label);
  const zeros = zero && numbersOf(zero, node.label);
  const axis = scales.length > 1 ? axisOf(node, node.int('axis', 1), q.dims.length) : 0;
  const inner = elementCount(q.dims.slice(axis + 1));
  const expected = scales.length > 1 ? q.dims[axis]! : 1;
  if (scales.length !== expected || (zeros && zeros.length !== expected)) {
    throw misfit(node, `${expected} scales and zero points`, `${scales.length} and ${zeros?.length ?? 'none'}`);
  }
  const values = numbersOf(q, node.label);
  const data = new Float32Array(values.length);
  for (let i = 0; i < data.length; i++) {
    const k = expected === 1 ? 0 : Math.floor(i / inner) % expected;
    data[i] = (values[i]! - (zeros?.[k] ?? 0)) * scales[k]!;
  }
  return { dtype: 'float32', dims: q.dims, data };
}

/** The operators of constants. `Shape` and `Size` of activations are the lowering's: it knows their dimensions. */
export const evaluators: Readonly<Record<string, Rule>> = {
  Abs: unary(Math.abs),
  Add: binary((a, b) => a + b),
  Cast: cast,
  Ceil: unary(Math.ceil),
  Clip: clip,
  Concat: (node, inputs) =>
    concatenate(
      node,
      inputs.map((_, i) => need(node, inputs, i)),
    ),
  ConstantOfShape: constantOfShape,
  DequantizeLinear: dequantize,
  Div: binary((a, b) => a / b),
  Dropout: (node, inputs) => need(node, inputs, 0),
  Equal: binary((a, b) => Number(a === b), 'bool'),
  Exp: unary(Math.exp),
  Expand: expand,
  Flatten: (node, inputs) => {
    const x = need(node, inputs, 0);
    const axis = node.int('axis', 1);
    const split = axis === x.dims.length ? axis : axisOf(node, axis, x.dims.length);
    return reshaped(x, [elementCount(x.dims.slice(0, split)), elementCount(x.dims.slice(split))]);
  },
  Floor: unary(Math.floor),
  Gather: (node, inputs) => gather(node, need(node, inputs, 0), need(node, inputs, 1)),
  Identity: (node, inputs) => need(node, inputs, 0),
  Max: fold(Math.max),
  Min: fold(Math.min),
  Mul: binary((a, b) => a * b),
  Neg: unary((x) => -x),
  Pow: binary((a, b) => a ** b),
  Range: range,
  Reciprocal: unary((x) => 1 / x),
  Relu: unary((x) => Math.max(x, 0)),
  Reshape: (node, inputs) => {
    const x = need(node, inputs, 0);
    return reshaped(x, reshapeDims(node, x.dims, integersOf(need(node, inputs, 1), node.label)!));
  },
  Shape: (node, inputs) => {
    const { dims } = need(node, inputs, 0);
    return tensorOf('int64', [dims.length], dims, node.label);
  },
  Slice: (node, inputs) => slice(node, need(node, inputs, 0), inputs),
  Sqrt: unary(Math.sqrt),
  Squeeze: (node, inputs) => {
    const x = need(node, inputs, 0);
    return reshaped(x, squeezedDims(node, x.dims, integersOf(inputs[1], node.label)));
  },
  Sub: binary((a, b) => a - b),
  Transpose: transpose,
  Unsqueeze: (node, inputs) => {
    const x = need(node, inputs, 0);
    return reshaped(x, unsqueezedDims(node, x.dims, integersOf(need(node, inputs, 1), node.label)!));
  },
  Where: where,
};
