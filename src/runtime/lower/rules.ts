/** One rule for each operator of activations. What is missing here is E_UNSUPPORTED. */

import type { Node } from '../../ir/index.ts';
import type { OpType } from '../../ops/names.ts';
import { activationInput, type Lowering } from './context.ts';
import { batchNorm, binary, clip, unary, variadic } from './elementwise.ts';
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
  AveragePool: windowPool('average'),
  BatchNormalization: batchNorm,
  Cast: cast,
  Ceil: unary,
  Clip: clip,
  Concat: movement.concat,
  Conv: lowerConv,
  DequantizeLinear: dequantizeLinear,
  Div: binary('Div'),
  Dropout: identity,
  Elu: unary,
  Exp: unary,
  Flatten: movement.flatten,
  Floor: unary,
  Gather: movement.gather,
  Gemm: lowerGemm,
  GlobalAveragePool: globalPool('average'),
  GlobalMaxPool: globalPool('maximum'),
  HardSigmoid: unary,
  HardSwish: unary,
  Identity: identity,
  LeakyRelu: unary,
  Log: unary,
  LogSoftmax: movement.softmax(true),
  MatMul: lowerMatMul,
  Max: variadic('Max'),
  MaxPool: windowPool('maximum'),
  Min: variadic('Min'),
  Mul: binary('Mul'),
  Neg: unary,
  Pad: movement.pad,
  QuantizeLinear: quantizeLinear,
  Reciprocal: unary,
  ReduceMax: reduce('maximum'),
  ReduceMean: reduce('average'),
  Relu: unary,
  Reshape: movement.reshape,
  Round: unary,
  Shape: shape,
  Sigmoid: unary,
  Sign: unary,
  Slice: movement.slice,
  Softmax: movement.softmax(false),
  Softplus: unary,
  Split: movement.split,
  Sqrt: unary,
  Squeeze: movement.squeeze,
  Sub: binary('Sub'),
  Sum: variadic('Add'),
  Tanh: unary,
  Transpose: movement.transpose,
  Unsqueeze: movement.unsqueeze,
};
