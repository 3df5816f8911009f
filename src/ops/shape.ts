/**
 * Types of a node's outputs from its inputs: one rule per operator, in the semantics of opset 20. Symbolic dimensions
 * are carried along; an unknown rank stays unknown without an error. Small families share a rule, large ones have
 * their own file in `shape/`.
 */

import { type Dim, type Node, type Shape, type TensorType, TritbankError } from '../ir/index.ts';
import { depthwiseConv, isOpType, markerDomain, type OpType } from './names.ts';
import { updateContents } from './shape/contents.ts';
import { conv, convTranspose } from './shape/conv.ts';
import { constant, constantOfShape, range, shape } from './shape/create.ts';
import { alongAxis, broadcast, cast, compare, pow, prelu, sameType, where } from './shape/elementwise.ts';
import { foreignType } from './shape/foreign.ts';
import { gather, gatherElements, oneHot, scatterElements, scatterND } from './shape/gather.ts';
import { gemm, matMul } from './shape/matmul.ts';
import { batchNormalization, dropout, instanceNormalization, layerNormalization } from './shape/normalize.ts';
import { globalPool, pool } from './shape/pool.ts';
import { dequantizeLinear, quantizeLinear } from './shape/quantize.ts';
import { argReduce, reduce } from './shape/reduce.ts';
import { expand, flatten, reshape, squeeze, tile, transpose, unsqueeze } from './shape/reshape.ts';
import { depthToSpace, resize, spaceToDepth } from './shape/resize.ts';
import { expectSmallRank, freshDim, mismatch, printDims, type ShapeRule } from './shape/rule.ts';
import { concat, pad, slice, split } from './shape/slice.ts';

const rules: { readonly [K in OpType]: ShapeRule } = {
  Abs: sameType,
  Add: broadcast,
  And: broadcast,
  ArgMax: argReduce,
  AveragePool: pool,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Ceil: sameType,
  Celu: sameType,
  Clip: sameType,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Conv: conv,
  ConvTranspose: convTranspose,
  DepthToSpace: depthToSpace,
  DequantizeLinear: dequantizeLinear,
  Div: broadcast,
  Dropout: dropout,
  Elu: sameType,
  Equal: compare,
  Erf: sameType,
  Exp: sameType,
  Expand: expand,
  Flatten: flatten,
  Floor: sameType,
  Gather: gather,
  GatherElements: gatherElements,
  Gelu: sameType,
  Gemm: gemm,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Greater: compare,
  GreaterOrEqual: compare,
  HardSigmoid: sameType,
  HardSwish: sameType,
  Identity: sameType,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LeakyRelu: sameType,
  Less: compare,
  LessOrEqual: compare,
  Log: sameType,
  LogSoftmax: alongAxis(-1),
  LRN: sameType,
  MatMul: matMul,
  Max: broadcast,
  MaxPool: pool,
  Min: broadcast,
  Mish: sameType,
  Mod: broadcast,
  Mul: broadcast,
  Neg: sameType,
  Not: sameType,
  OneHot: oneHot,
  Or: broadcast,
  Pad: pad,
  Pow: pow,
  PRelu: prelu,
  QuantizeLinear: quantizeLinear,
  Range: range,
  Reciprocal: sameType,
  ReduceL2: reduce,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSum: reduce,
  ReduceSumSquare: reduce,
  Relu: sameType,
  Reshape: reshape,
  Resize: resize,
  Round: sameType,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  Selu: sameType,
  Shape: shape,
  Sigmoid: sameType,
  Sign: sameType,
  Slice: slice,
  Softmax: alongAxis(-1),
  Softplus: sameType,
  Softsign: sameType,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Sqrt: sameType,
  Squeeze: squeeze,
  Sub: broadcast,
  Sum: broadcast,
  Tanh: sameType,
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Where: where,
  Xor: broadcast,
};

function markerType(node: Node): TensorType | undefined {
  const type = node.input(0).type;
  if (node.op !== depthwiseConv || !type?.shape) return type;
  const [channels, , , batch] = type.shape as [Dim, Dim, Dim, Dim];
  return { dtype: type.dtype, shape: [channels, ...node.ints('output_size'), batch] };
}

/** Sizes are whole numbers from 0 on, and none is so large that counting with it would round. */
function checkShape(node: Node, shape: Shape): void {
  expectSmallRank(node, shape.length);
  for (const dim of shape) {
    if (typeof dim === 'string') continue;
    if (!(dim >= 0)) throw mismatch(node, `expected sizes of 0 or more, found ${printDims(shape)}`);
    if (Number.isSafeInteger(dim)) continue;
    throw new TritbankError('E_LIMIT', node.label, `expected sizes of at most 2^53, found ${printDims(shape)}`);
  }
}

/** A type that inference leaves open, in part or as a whole, as far as the one that was there before, a file's, says more. */
function refine(
  node: Node,
  index: number,
  inferred: TensorType | undefined,
  before: TensorType | undefined,
): TensorType | undefined {
  if (!before?.shape || (inferred && inferred.dtype !== before.dtype)) return inferred;
  const { shape } = inferred ?? {};
  if (!inferred || !shape) return before;
  if (shape.length !== before.shape.length) return inferred;
  const isOpen = (dim: Dim, axis: number) => dim === freshDim(node, axis, index);
  if (!shape.some(isOpen)) return inferred;
  return { ...inferred, shape: shape.map((dim, axis) => (isOpen(dim, axis) ? before.shape![axis]! : dim)) };
}

/**
 * Sets `type` on every output of `node`. Types of operators outside the table are left as they are, unless their shape
 * is known all the same (`foreign.ts`); so is what a rule leaves open. Throws E_SHAPE when the operands cannot fit, E_LIMIT for sizes that no tensor
 * has, E_GRAPH when a required input is missing.
 */
export function inferNode(node: Node): void {
  if (node.domain === markerDomain) {
    node.output().type = markerType(node);
    return;
  }
  if (!isOpType(node.op, node.domain)) {
    const output = node.outputs[0];
    const type = foreignType(node);
    if (output && type) output.type = type;
    return;
  }
  try {
    const types = rules[node.op](node);
    for (const type of types) if (type?.shape) checkShape(node, type.shape);
    for (const [i, output] of node.outputs.entries()) if (output) output.type = refine(node, i, types[i], output.type);
    updateContents(node);
  } catch (error) {
    // the arithmetic of dimensions knows no node
    if (!(error instanceof TritbankError) || error.where !== '') throw error;
    throw new TritbankError(error.code, node.label, error.detail);
  }
}
