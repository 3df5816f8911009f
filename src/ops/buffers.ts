/**
 * How the output of an operator may use the memory of its inputs: one entry per operator, for the planning of buffers
 * at inference. The uses are those of ONNX Runtime's allocation planner (alias, reuse in place), and a concatenation
 * whose inputs are written where they belong. Left out: views of parts (Split and Slice along the first axis).
 */

import type { Node } from '../ir/index.ts';
import { isOpType, type OpType } from './names.ts';

/**
 * `view`: output 0 is the bytes of input 0.
 * `in-place`: output 0 may overwrite an input of as many elements of the same type that is not needed afterwards.
 * `gather`: output 0 is made of its inputs, each of which may have been produced straight into its place there.
 * `fresh`: memory of its own, beside that of all inputs.
 * Further outputs (masks, statistics) are always fresh.
 */
export type BufferUse = 'view' | 'in-place' | 'gather' | 'fresh';

const uses: { readonly [K in OpType]: BufferUse } = {
  Abs: 'in-place',
  Add: 'in-place',
  And: 'in-place',
  ArgMax: 'fresh',
  AveragePool: 'fresh',
  BatchNormalization: 'in-place',
  Cast: 'in-place',
  Ceil: 'in-place',
  Celu: 'in-place',
  Clip: 'in-place',
  Concat: 'gather',
  Constant: 'fresh',
  ConstantOfShape: 'fresh',
  Conv: 'fresh',
  ConvTranspose: 'fresh',
  DepthToSpace: 'fresh',
  DequantizeLinear: 'fresh',
  Div: 'in-place',
  Dropout: 'view',
  Elu: 'in-place',
  Equal: 'in-place',
  Erf: 'in-place',
  Exp: 'in-place',
  Expand: 'fresh',
  Flatten: 'view',
  Floor: 'in-place',
  Gather: 'fresh',
  GatherElements: 'fresh',
  Gelu: 'in-place',
  Gemm: 'fresh',
  GlobalAveragePool: 'fresh',
  GlobalMaxPool: 'fresh',
  Greater: 'in-place',
  GreaterOrEqual: 'in-place',
  HardSigmoid: 'in-place',
  HardSwish: 'in-place',
  Identity: 'view',
  InstanceNormalization: 'fresh',
  LayerNormalization: 'fresh',
  LeakyRelu: 'in-place',
  Less: 'in-place',
  LessOrEqual: 'in-place',
  Log: 'in-place',
  LogSoftmax: 'fresh',
  LRN: 'fresh',
  MatMul: 'fresh',
  Max: 'in-place',
  MaxPool: 'fresh',
  Min: 'in-place',
  Mish: 'in-place',
  Mod: 'in-place',
  Mul: 'in-place',
  Neg: 'in-place',
  Not: 'in-place',
  OneHot: 'fresh',
  Or: 'in-place',
  Pad: 'fresh',
  Pow: 'in-place',
  PRelu: 'in-place',
  QuantizeLinear: 'fresh',
  Range: 'fresh',
  Reciprocal: 'in-place',
  ReduceL2: 'fresh',
  ReduceMax: 'fresh',
  ReduceMean: 'fresh',
  ReduceMin: 'fresh',
  ReduceProd: 'fresh',
  ReduceSum: 'fresh',
  ReduceSumSquare: 'fresh',
  Relu: 'in-place',
  Reshape: 'view',
  Resize: 'fresh',
  Round: 'in-place',
  ScatterElements: 'fresh',
  ScatterND: 'fresh',
  Selu: 'in-place',
  Shape: 'fresh',
  Sigmoid: 'in-place',
  Sign: 'in-place',
  Slice: 'fresh',
  Softmax: 'fresh',
  Softplus: 'in-place',
  Softsign: 'in-place',
  SpaceToDepth: 'fresh',
  Split: 'fresh',
  Sqrt: 'in-place',
  Squeeze: 'view',
  Sub: 'in-place',
  Sum: 'in-place',
  Tanh: 'in-place',
  Tile: 'fresh',
  Transpose: 'fresh',
  Unsqueeze: 'view',
  Where: 'in-place',
  Xor: 'in-place',
};

/** How output 0 of `node` may use memory; `fresh` for an operator outside the table. */
export function bufferUseOf(node: Node): BufferUse {
  return isOpType(node.op, node.domain) ? uses[node.op] : 'fresh';
}
