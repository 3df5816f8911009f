/**
 * What every operator computes: naive and readable, in the semantics of opset 20. It folds constants and is the measure
 * for faster code, never the way to run a network.
 */

import { Graph, type Node, type Tensor, TritbankError } from '../ir/index.ts';
import { isOpType, markerDomain, type OpType, straightThrough } from './names.ts';
import type { ReferenceRule } from './reference/arrays.ts';
import { conv, convTranspose } from './reference/conv.ts';
import { constant, constantOfShape, range, shape } from './reference/create.ts';
import * as elementwise from './reference/elementwise.ts';
import { gather, gatherElements, oneHot, scatterElements, scatterND } from './reference/indexing.ts';
import { gemm, matMul } from './reference/matmul.ts';
import { concat, expand, pad, sameElements, slice, split, tile, transpose } from './reference/movement.ts';
import { batchNormalization, dropout, layerNormalization, logSoftmax, softmax } from './reference/normalize.ts';
import { averagePool, globalAveragePool, globalMaxPool, maxPool } from './reference/pool.ts';
import { dequantizeLinear, quantizeLinear } from './reference/quantize.ts';
import { argMax, max, mean, min, product, reduce, sum, sumSquare } from './reference/reduce.ts';
import { inferNode } from './shape.ts';

const { binary, predicate, unary, variadic } = elementwise;

const rules: { readonly [K in OpType]: ReferenceRule } = {
  Abs: unary(Math.abs),
  Add: binary((x, y) => x + y),
  And: predicate((x, y) => x !== 0 && y !== 0),
  ArgMax: argMax,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: elementwise.cast,
  Ceil: unary(Math.ceil),
  Clip: elementwise.clip,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Conv: conv,
  ConvTranspose: convTranspose,
  DequantizeLinear: dequantizeLinear,
  Div: binary(
    (x, y) => x / y,
    (x, y) => Math.trunc(x / y),
  ),
  Dropout: dropout,
  Equal: predicate((x, y) => x === y),
  Erf: unary(elementwise.erf),
  Exp: unary(Math.exp),
  Expand: expand,
  Flatten: sameElements,
  Floor: unary(Math.floor),
  Gather: gather,
  GatherElements: gatherElements,
  Gelu: unary(elementwise.gelu),
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  Greater: predicate((x, y) => x > y),
  GreaterOrEqual: predicate((x, y) => x >= y),
  HardSigmoid: unary(elementwise.hardSigmoid),
  HardSwish: unary(elementwise.hardSwish),
  Identity: sameElements,
  LayerNormalization: layerNormalization,
  LeakyRelu: unary(elementwise.leakyRelu),
  Less: predicate((x, y) => x < y),
  LessOrEqual: predicate((x, y) => x <= y),
  Log: unary(Math.log),
  LogSoftmax: logSoftmax,
  MatMul: matMul,
  Max: variadic(Math.max),
  MaxPool: maxPool,
  Min: variadic(Math.min),
  Mul: binary((x, y) => x * y),
  Neg: unary((x) => -x),
  Not: unary((x) => (x ? 0 : 1)),
  OneHot: oneHot,
  Or: predicate((x, y) => x !== 0 || y !== 0),
  Pad: pad,
  Pow: binary((x, y) => x ** y),
  PRelu: elementwise.prelu,
  QuantizeLinear: quantizeLinear,
  Range: range,
  Reciprocal: unary((x) => 1 / x),
  ReduceL2: reduce((group) => Math.sqrt(sumSquare(group))),
  ReduceMax: reduce(max),
  ReduceMean: reduce(mean),
  ReduceMin: reduce(min),
  ReduceProd: reduce(product),
  ReduceSum: reduce(sum),
  ReduceSumSquare: reduce(sumSquare),
  Relu: unary((x) => Math.max(x, 0)),
  Reshape: sameElements,
  Round: unary(elementwise.round),
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  Shape: shape,
  Sigmoid: unary(elementwise.sigmoid),
  Sign: unary(Math.sign),
  Slice: slice,
  Softmax: softmax,
  Softplus: unary(elementwise.softplus),
  Split: split,
  Sqrt: unary(Math.sqrt),
  Squeeze: sameElements,
  Sub: binary((x, y) => x - y),
  Sum: variadic((x, y) => x + y),
  Tanh: unary(Math.tanh),
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: sameElements,
  Where: elementwise.where,
  Xor: predicate((x, y) => (x !== 0) !== (y !== 0)),
};

/**
 * The outputs of `node`, one per slot, for these inputs (undefined for omitted optional ones). Inputs are not changed but
 * may be shared with the result. Throws E_SHAPE for operands that do not fit, E_UNSUPPORTED for an operator or a variant of it
 * without reference semantics.
 */
export function evaluateNode(node: Node, inputs: readonly (Tensor | undefined)[]): readonly Tensor[] {
  if (node.op === straightThrough && node.domain === markerDomain && inputs[1]) return [inputs[1]];
  if (!isOpType(node.op, node.domain)) {
    throw new TritbankError('E_UNSUPPORTED', node.label, 'expected an operator with reference semantics, found none');
  }
  // A copy over constants, so that shape inference fixes every output type before the rule runs.
  const scratch = new Graph();
  const values = inputs.map((tensor, i) => tensor && scratch.initializer(`input${i}`, tensor));
  const outputs = node.outputs.map((_, i) => `output${i}`);
  const copy = scratch.add(node.op, values, node.attributes, { name: node.name, outputs });
  inferNode(copy);
  return rules[node.op](copy);
}
