/** One rule for each operator of activations. What is missing here is E_UNSUPPORTED. */

import type { Node } from '../../ir/index.ts';
import { activationInput, type Lowering } from './context.ts';
import { batchNorm, binary, functionRules, variadic } from './elementwise.ts';
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

export const rules: Readonly<Record<string, Rule>> = {
  ...functionRules,
  Add: binary('Add'),
  AveragePool: windowPool('average'),
  BatchNormalization: batchNorm,
  Cast: cast,
  Concat: movement.concat,
  Conv: lowerConv,
  DequantizeLinear: dequantizeLinear,
  Div: binary('Div'),
  Dropout: identity,
  Flatten: movement.flatten,
  Gather: movement.gather,
  Gemm: lowerGemm,
  GlobalAveragePool: globalPool('average'),
  GlobalMaxPool: globalPool('maximum'),
  Identity: identity,
  LogSoftmax: movement.softmax(true),
  MatMul: lowerMatMul,
  Max: variadic('Max'),
  MaxPool: windowPool('maximum'),
  Min: variadic('Min'),
  Mul: binary('Mul'),
  Pad: movement.pad,
  QuantizeLinear: quantizeLinear,
  ReduceMax: reduce('maximum'),
  ReduceMean: reduce('average'),
  Reshape: movement.reshape,
  Shape: shape,
  Slice: movement.slice,
  Softmax: movement.softmax(false),
  Split: movement.split,
  Squeeze: movement.squeeze,
  Sub: binary('Sub'),
  Sum: variadic('Add'),
  Transpose: movement.transpose,
  Unsqueeze: movement.unsqueeze,
};
