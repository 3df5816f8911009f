/** One rule for each operator of activations. What is missing here is E_UNSUPPORTED. */

import type { Node } from '../../ir/index.ts';
import type { OpType } from '../../ops/names.ts';
import { activationInput, type Lowering } from './context.ts';
import { dense } from './dense.ts';
import * as functions from './dense-functions.ts';
import { scatterND, tile } from './dense-moves.ts';
import { batchNorm, binary, clip, pow, prelu, unary, variadic } from './elementwise.ts';
import * as images from './images.ts';
import { layerNormalization } from './layer-normalization.ts';
import * as movement from './movement.ts';
import type { Operand } from './operand.ts';
import { globalPool, reduce, windowPool } from './pools.ts';
import { lowerConv, lowerGemm, lowerMatMul } from './products.ts';
import { cast, dequantizeLinear, quantizeLinear } from './quantization.ts';

export type Rule = (
  lowering: Lowering,
  node: Node,
  inputs: readonly (Operand | undefined)[],
) => Operand | readonly Operand[];

const identity: Rule = (_, node, inputs) => activationInput(node, inputs, 0);

/** Asks for dimensions only: the driver answers it. */
const shape: Rule = (_, node) => {
  throw new Error(`internal: ${node.label} has a rule of the driver`);
};

export const rules: { readonly [K in OpType]?: Rule } = {
  Abs: unary,
  Add: binary('Add'),
  And: dense(functions.combination(2, 'And', 'bool')),
  ArgMax: dense(functions.argMax),
  AveragePool: windowPool('average'),
  BatchNormalization: batchNorm,
  Cast: cast,
  Ceil: unary,
  Celu: unary,
  Clip: clip,
  Concat: movement.concat,
  Conv: lowerConv,
  ConvTranspose: dense(images.convTranspose),
  DepthToSpace: images.moveBlocks,
  DequantizeLinear: dequantizeLinear,
  Div: binary('Div'),
  Dropout: identity,
  Elu: unary,
  Equal: dense(functions.combination(2, 'Equal', 'bool')),
  Erf: unary,
  Exp: unary,
  Expand: movement.expand,
  Flatten: movement.flatten,
  Floor: unary,
  Gather: movement.gather,
  Gelu: unary,
  Gemm: lowerGemm,
  GlobalAveragePool: globalPool('average'),
  GlobalMaxPool: globalPool('maximum'),
  Greater: dense(functions.combination(2, 'Greater', 'bool')),
  GreaterOrEqual: dense(functions.combination(2, 'GreaterOrEqual', 'bool')),
  HardSigmoid: unary,
  HardSwish: unary,
  Identity: identity,
  InstanceNormalization: dense(functions.instanceNormalization),
  LayerNormalization: layerNormalization,
  LeakyRelu: unary,
  Less: dense(functions.combination(2, 'Less', 'bool')),
  LessOrEqual: dense(functions.combination(2, 'LessOrEqual', 'bool')),
  Log: unary,
  LogSoftmax: movement.softmax(true),
  LRN: dense(functions.localResponse),
  MatMul: lowerMatMul,
  Max: variadic('Max'),
  MaxPool: windowPool('maximum'),
  Min: variadic('Min'),
  Mish: unary,
  Mod: dense(functions.modulo),
  Mul: binary('Mul'),
  Neg: unary,
  Not: dense(functions.combination(1, 'Not', 'bool')),
  Or: dense(functions.combination(2, 'Or', 'bool')),
  Pad: movement.pad,
  Pow: pow,
  PRelu: prelu,
  QuantizeLinear: quantizeLinear,
  Reciprocal: unary,
  ReduceL2: reduce('ReduceL2'),
  ReduceMax: reduce('ReduceMax'),
  ReduceMean: reduce('ReduceMean'),
  ReduceMin: reduce('ReduceMin'),
  ReduceProd: reduce('ReduceProd'),
  ReduceSum: reduce('ReduceSum'),
  ReduceSumSquare: reduce('ReduceSumSquare'),
  Relu: unary,
  Reshape: movement.reshape,
  Resize: images.resize,
  Round: unary,
  ScatterND: dense(scatterND),
  Selu: unary,
  Shape: shape,
  Sigmoid: unary,
  Sign: unary,
  Slice: movement.slice,
  Softmax: movement.softmax(false),
  Softplus: unary,
  Softsign: unary,
  SpaceToDepth: images.moveBlocks,
  Split: movement.split,
  Sqrt: unary,
  Squeeze: movement.squeeze,
  Sub: binary('Sub'),
  Sum: variadic('Add'),
  Tanh: unary,
  Tile: dense(tile),
  Transpose: movement.transpose,
  Unsqueeze: movement.unsqueeze,
  Where: dense(functions.combination(3, 'Where')),
  Xor: dense(functions.combination(2, 'Xor', 'bool')),
};
