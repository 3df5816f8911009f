/**
 * The gradient of every operator: a rule, or the reason why there is none. The first three reasons are mathematics
 * (the derivative is zero or does not exist, no gradient flows); 'no rule' is a gap, and differentiating through it is
 * an E_GRADIENT error.
 */

import type { Node, Value } from '../ir/index.ts';
import * as arithmetic from './gradient/arithmetic.ts';
import { trainingBatchNorm } from './gradient/batch-norm.ts';
import * as convolution from './gradient/conv.ts';
import { depthwiseConvolution } from './gradient/depthwise.ts';
import * as elementwise from './gradient/elementwise.ts';
import * as indexing from './gradient/indexing.ts';
import * as matrix from './gradient/matrix.ts';
import * as movement from './gradient/movement.ts';
import * as normalize from './gradient/normalize.ts';
import * as pool from './gradient/pool.ts';
import * as reduce from './gradient/reduce.ts';
import { type GradientRule, gradientError, gradientOfFirst } from './gradient/rule.ts';
import { depthwiseConv, isOpType, markerDomain, type OpType, straightThrough } from './names.ts';

export type { GradientContext, GradientRule } from './gradient/rule.ts';
export { unbroadcast } from './gradient/shape-tools.ts';

export type NoGradient = 'constant' | 'integer' | 'piecewise constant' | 'no rule';

const isFixed = (x: Value) => x.shape.every((d) => typeof d === 'number');

export const gradientRules: { readonly [K in OpType]: GradientRule | NoGradient } = {
  Abs: elementwise.abs,
  Add: arithmetic.add,
  And: 'integer',
  ArgMax: 'integer',
  AveragePool: pool.averagePool,
  BatchNormalization: (context) =>
    context.node.int('training_mode', 0) === 1 && isFixed(context.node.input(0))
      ? trainingBatchNorm(context)
      : normalize.batchNormalization(context),
  Cast: elementwise.cast,
  Ceil: 'piecewise constant',
  Celu: elementwise.celu,
  Clip: elementwise.clip,
  Concat: movement.concat,
  Constant: 'constant',
  ConstantOfShape: 'constant',
  Conv: convolution.conv,
  ConvTranspose: convolution.convTranspose,
  DepthToSpace: movement.depthToSpace,
  DequantizeLinear: 'no rule',
  Div: arithmetic.div,
  Dropout: elementwise.dropout,
  Elu: elementwise.elu,
  Equal: 'integer',
  Erf: elementwise.erf,
  Exp: elementwise.exp,
  Expand: movement.expand,
  Flatten: movement.reshape,
  Floor: 'piecewise constant',
  Gather: indexing.gather,
  GatherElements: indexing.gatherElements,
  Gelu: elementwise.gelu,
  Gemm: matrix.gemm,
  GlobalAveragePool: reduce.globalAveragePool,
  GlobalMaxPool: reduce.globalMaxPool,
  Greater: 'integer',
  GreaterOrEqual: 'integer',
  HardSigmoid: elementwise.hardSigmoid,
  HardSwish: elementwise.hardSwish,
  Identity: elementwise.identity,
  InstanceNormalization: normalize.instanceNormalization,
  LayerNormalization: normalize.layerNormalization,
  LeakyRelu: elementwise.leakyRelu,
  Less: 'integer',
  LessOrEqual: 'integer',
  Log: elementwise.log,
  LogSoftmax: elementwise.logSoftmax,
  LRN: normalize.localResponse,
  MatMul: matrix.matmul,
  Max: arithmetic.extremum,
  MaxPool: pool.maxPool,
  Min: arithmetic.extremum,
  Mish: elementwise.mish,
  Mod: 'no rule',
  Mul: arithmetic.mul,
  Neg: elementwise.neg,
  Not: 'integer',
  OneHot: 'no rule',
  Or: 'integer',
  Pad: movement.pad,
  Pow: arithmetic.pow,
  PRelu: elementwise.prelu,
  QuantizeLinear: 'integer',
  Range: 'no rule',
  Reciprocal: elementwise.reciprocal,
  ReduceL2: reduce.reduceL2,
  ReduceMax: reduce.reduceExtremum,
  ReduceMean: reduce.reduceMean,
  ReduceMin: reduce.reduceExtremum,
  ReduceProd: reduce.reduceProd,
  ReduceSum: reduce.reduceSum,
  ReduceSumSquare: reduce.reduceSumSquare,
  Relu: elementwise.relu,
  Reshape: movement.reshape,
  Resize: 'no rule',
  Round: 'piecewise constant',
  ScatterElements: indexing.scatterElements,
  ScatterND: indexing.scatterND,
  Selu: elementwise.selu,
  Shape: 'integer',
  Sigmoid: elementwise.sigmoid,
  Sign: 'piecewise constant',
  Slice: movement.slice,
  Softmax: elementwise.softmax,
  Softplus: elementwise.softplus,
  Softsign: elementwise.softsign,
  SpaceToDepth: movement.spaceToDepth,
  Split: movement.split,
  Sqrt: elementwise.sqrt,
  Squeeze: movement.reshape,
  Sub: arithmetic.sub,
  Sum: arithmetic.sum,
  Tanh: elementwise.tanh,
  Tile: movement.tile,
  Transpose: movement.transpose,
  Unsqueeze: movement.reshape,
  Where: arithmetic.where,
  Xor: 'integer',
};

/** y = q in value, x in gradient: dx = dy, dq = 0. */
const straightThroughRule: GradientRule = (context) => [gradientOfFirst(context), null];

const markerRules: Readonly<Record<string, GradientRule>> = {
  [straightThrough]: straightThroughRule,
  [depthwiseConv]: depthwiseConvolution,
};

function entryOf(node: Node): GradientRule | NoGradient {
  if (isOpType(node.op, node.domain)) return gradientRules[node.op];
  return (node.domain === markerDomain && markerRules[node.op]) || 'no rule';
}

/** Whether a gradient can reach the inputs of this node: false where the derivative is zero or does not exist. */
export function isDifferentiable(node: Node): boolean {
  const entry = entryOf(node);
  return typeof entry === 'function' || entry === 'no rule';
}

/** The node's rule, or an E_GRADIENT error where it should have one and has not. */
export function gradientRuleOf(node: Node): GradientRule {
  const entry = entryOf(node);
  if (typeof entry === 'function') return entry;
  const name = node.domain ? `${node.domain}.${node.op}` : node.op;
  throw gradientError(node, `expected an operator with a gradient rule, found ${name}`);
}
