/**
 * The arithmetic that one node does at inference, from its shapes: one rule per operator. A rule counts what its formula
 * says, which stands beside it; a runtime may do less (padding that is skipped) or more (approximations of functions).
 * The counting of layers follows Gope et al., arXiv 1911.01028: a MAC is one operation, a ternary weight an addition.
 * Left out: index arithmetic, saturation, statistics of batch norms and random masks in training mode.
 */

import { elementCount, type Node } from '../ir/index.ts';
import { isOpType, type OpType } from './names.ts';
import { isFoldable, type KnownFoldable } from './operations/constants.ts';
import * as elementwise from './operations/elementwise.ts';
import { conv, convTranspose, gemm, matMul } from './operations/products.ts';
import * as reduce from './operations/reduce.ts';
import { noOperations, nothing, type Operations, type OperationsRule } from './operations/rule.ts';

export { isFoldable, type KnownFoldable } from './operations/constants.ts';
export { addOperations, noOperations, type Operations } from './operations/rule.ts';

const { addition, comparison, multiplication, scaleAndShift, transcendental } = elementwise;

const rules: { readonly [K in OpType]: OperationsRule } = {
  Abs: comparison,
  Add: addition,
  And: comparison,
  ArgMax: reduce.extremum,
  AveragePool: reduce.averagePool,
  BatchNormalization: scaleAndShift,
  Cast: nothing,
  Ceil: comparison,
  Celu: elementwise.celu,
  Clip: elementwise.clip,
  Concat: nothing,
  Constant: nothing,
  ConstantOfShape: nothing,
  Conv: conv,
  ConvTranspose: convTranspose,
  DepthToSpace: nothing,
  DequantizeLinear: scaleAndShift,
  Div: elementwise.division,
  Dropout: nothing,
  Elu: elementwise.elu,
  Equal: comparison,
  Erf: transcendental,
  Exp: transcendental,
  Expand: nothing,
  Flatten: nothing,
  Floor: comparison,
  Gather: nothing,
  GatherElements: nothing,
  Gelu: elementwise.gelu,
  Gemm: gemm,
  GlobalAveragePool: reduce.mean,
  GlobalMaxPool: reduce.extremum,
  Greater: comparison,
  GreaterOrEqual: comparison,
  HardSigmoid: elementwise.hardSigmoid,
  HardSwish: elementwise.hardSwish,
  Identity: nothing,
  InstanceNormalization: reduce.instanceNormalization,
  LayerNormalization: reduce.layerNormalization,
  LeakyRelu: elementwise.leaky,
  Less: comparison,
  LessOrEqual: comparison,
  Log: transcendental,
  LogSoftmax: reduce.logSoftmax,
  LRN: reduce.localResponse,
  MatMul: matMul,
  Max: elementwise.extremum,
  MaxPool: reduce.maxPool,
  Min: elementwise.extremum,
  Mish: elementwise.mish,
  Mod: transcendental,
  Mul: multiplication,
  Neg: addition,
  Not: comparison,
  OneHot: nothing,
  Or: comparison,
  Pad: nothing,
  Pow: elementwise.power,
  PRelu: elementwise.leaky,
  QuantizeLinear: scaleAndShift,
  Range: nothing,
  Reciprocal: transcendental,
  ReduceL2: reduce.norm,
  ReduceMax: reduce.extremum,
  ReduceMean: reduce.mean,
  ReduceMin: reduce.extremum,
  ReduceProd: reduce.product,
  ReduceSum: reduce.sum,
  ReduceSumSquare: reduce.sumSquare,
  Relu: comparison,
  Reshape: nothing,
  Resize: reduce.resize,
  Round: comparison,
  ScatterElements: reduce.scatter,
  ScatterND: reduce.scatter,
  Selu: elementwise.selu,
  Shape: nothing,
  Sigmoid: elementwise.sigmoid,
  Sign: comparison,
  Slice: nothing,
  Softmax: reduce.softmax,
  Softplus: elementwise.softplus,
  Softsign: elementwise.softsign,
  SpaceToDepth: nothing,
  Split: nothing,
  Sqrt: transcendental,
  Squeeze: nothing,
  Sub: addition,
  Sum: elementwise.sum,
  Tanh: elementwise.tanh,
  Tile: nothing,
  Transpose: nothing,
  Unsqueeze: nothing,
  Where: comparison,
  Xor: comparison,
};

/**
 * The operations of `node` in one run of the graph; none for one that can be computed beforehand (`isFoldable`).
 * Undefined for an operator outside the table, markers included. Throws E_SHAPE where a size that matters is not fixed.
 */
export function countOperations(node: Node, known?: KnownFoldable): Operations | undefined {
  if (!isOpType(node.op, node.domain)) return undefined;
  return isFoldable(node, known) ? noOperations : rules[node.op](node);
}

/** How many steps computing a node takes in all, were it of constants or not: elements moved, and each operation. */
export function countArithmetic(node: Node): number {
  if (!isOpType(node.op, node.domain)) return 0;
  const moved = [...node.inputs, ...node.outputs].reduce(
    (sum, value) => sum + (value ? elementCount(value.dims) : 0),
    0,
  );
  return Object.values(rules[node.op](node)).reduce((sum, count) => sum + count, moved);
}
