/**
 * What is true of operators, at inference, for whoever moves something past them or looks through them: one entry per
 * operator, so that a new one does not compile without. A trait that is left out is not known to hold. What the claims
 * mean is tested on the reference semantics in `traits.test.ts`.
 */

import type { Node } from '../ir/index.ts';
import { isOpType, type OpType } from './names.ts';

export interface Traits {
  /**
   * Each element of output 0 comes from one element of input 0 (`one`: other inputs are numbers for the whole tensor),
   * or from those of all inputs that broadcast to its place (`several`).
   */
  readonly elementwise?: 'one' | 'several';
  /**
   * Each element of output 0 is an element of input 0 (`first`: other inputs say which) or of some input (`all`), found
   * by its place, whatever the elements are.
   */
  readonly moves?: 'first' | 'all';
  /** Output 0 has all elements of input 0 in their row-major order. */
  readonly keepsOrder?: true;
  /** Output 0 has the numbers of input 0 in their places, rounded to another element type or read from it. */
  readonly converts?: true;
  /** f(s x) = s f(x) for factors s >= 0 of the channels (axis 1) of input 0, whatever the other inputs are. */
  readonly homogeneous?: true;
  /** NaN apart, output 0 is not below zero: never (`always`), or not while no input of floats is (`kept`). */
  readonly nonNegative?: 'always' | 'kept';
  /** Channels (axis 1) stay apart; in each, the mean or the maximum of the pixels in a window, or of all (`global`). */
  readonly pools?: 'window' | 'global';
  /** A window over the spatial axes of input 0, which `pads` or `auto_pad` pad. */
  readonly windowed?: true;
  /**
   * Elements of input 0 that differ along the axes of input 1 only become one, in any order; without input 1, all do.
   */
  readonly reduces?: true;
  /** Along an axis, exp of output 0 (or output 0 itself) is positive and sums up to 1. */
  readonly softmax?: true;
  /** Any number of inputs of one role; a single one is output 0. */
  readonly variadic?: true;
  /** Inputs behind the first hold what training learns: weights, biases, statistics. */
  readonly hasWeights?: true;
}

const one: Traits = { elementwise: 'one' };
const keepsSign: Traits = { elementwise: 'one', nonNegative: 'kept' };
const positive: Traits = { elementwise: 'one', nonNegative: 'always' };
const several: Traits = { elementwise: 'several' };
const moves: Traits = { moves: 'first', nonNegative: 'kept' };
const reshapes: Traits = { ...moves, keepsOrder: true };
const pool: Traits = { pools: 'window', windowed: true, homogeneous: true, nonNegative: 'kept' };
const globalPool: Traits = { pools: 'global', homogeneous: true, nonNegative: 'kept' };
const reduction: Traits = { reduces: true, nonNegative: 'kept' };
const weighted: Traits = { hasWeights: true };
const none: Traits = {};

const traits: { readonly [K in OpType]: Traits } = {
  Abs: { ...positive, homogeneous: true },
  Add: { ...several, nonNegative: 'kept' },
  And: several,
  ArgMax: none,
  AveragePool: pool,
  BatchNormalization: weighted,
  Cast: { ...one, converts: true },
  Ceil: keepsSign,
  Celu: keepsSign,
  Clip: one,
  Concat: { moves: 'all', variadic: true, nonNegative: 'kept' },
  Constant: none,
  ConstantOfShape: none,
  Conv: { ...weighted, windowed: true },
  ConvTranspose: weighted,
  DepthToSpace: moves,
  DequantizeLinear: { converts: true },
  Div: several,
  Dropout: { homogeneous: true, nonNegative: 'kept' },
  Elu: keepsSign,
  Equal: several,
  Erf: keepsSign,
  Exp: positive,
  Expand: moves,
  Flatten: reshapes,
  Floor: keepsSign,
  Gather: moves,
  GatherElements: moves,
  Gelu: keepsSign,
  Gemm: weighted,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Greater: several,
  GreaterOrEqual: several,
  HardSigmoid: positive,
  HardSwish: keepsSign,
  Identity: { ...reshapes, elementwise: 'one', homogeneous: true },
  InstanceNormalization: weighted,
  LayerNormalization: weighted,
  LeakyRelu: { ...keepsSign, homogeneous: true },
  Less: several,
  LessOrEqual: several,
  Log: one,
  LogSoftmax: { softmax: true },
  LRN: { nonNegative: 'kept' },
  MatMul: { ...weighted, nonNegative: 'kept' },
  Max: { ...several, variadic: true, nonNegative: 'kept' },
  MaxPool: pool,
  Min: { ...several, variadic: true, nonNegative: 'kept' },
  Mish: keepsSign,
  Mod: several,
  Mul: { ...several, nonNegative: 'kept' },
  Neg: { ...one, homogeneous: true },
  Not: one,
  OneHot: none,
  Or: several,
  Pad: none,
  Pow: { ...several, nonNegative: 'kept' },
  PRelu: { ...several, homogeneous: true, nonNegative: 'kept', hasWeights: true },
  QuantizeLinear: { converts: true },
  Range: none,
  Reciprocal: one,
  ReduceL2: { ...reduction, nonNegative: 'always' },
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: reduction,
  ReduceSumSquare: { ...reduction, nonNegative: 'always' },
  Relu: { ...positive, homogeneous: true },
  Reshape: reshapes,
  Resize: none,
  Round: keepsSign,
  ScatterElements: none,
  ScatterND: none,
  Selu: keepsSign,
  Shape: none,
  Sigmoid: positive,
  Sign: keepsSign,
  Slice: moves,
  Softmax: { softmax: true, nonNegative: 'always' },
  Softplus: positive,
  Softsign: keepsSign,
  SpaceToDepth: moves,
  Split: moves,
  Sqrt: positive,
  Squeeze: reshapes,
  Sub: several,
  Sum: { ...several, variadic: true, nonNegative: 'kept' },
  Tanh: keepsSign,
  Tile: moves,
  Transpose: moves,
  Unsqueeze: reshapes,
  Where: { ...several, nonNegative: 'kept' },
  Xor: several,
};

/** What is known of a node's operator; nothing for one outside the table. */
export function traitsOf(node: Node): Traits {
  return isOpType(node.op, node.domain) ? traits[node.op] : none;
}
