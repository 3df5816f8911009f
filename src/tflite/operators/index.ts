/**
 * The operators that are read: a rule each, and where in the options an activation is that belongs to it. In alphabetical
 * order; all others, and custom ones, are refused by name.
 */

import type { Rule } from '../context.ts';
import * as elementwise from './elementwise.ts';
import { same, samePair } from './elementwise.ts';
import * as layers from './layers.ts';
import * as movement from './movement.ts';

export interface OperatorRule {
  readonly emit: Rule;
  /** The field of the fused activation. */
  readonly activation?: number;
}

const fused = (emit: Rule, activation: number): OperatorRule => ({ emit, activation });
const plain = (emit: Rule): OperatorRule => ({ emit });

export const operatorRules: ReadonlyMap<string, OperatorRule> = new Map(
  Object.entries({
    ABS: plain(same('Abs')),
    ADD: fused(samePair('Add'), 0),
    ADD_N: plain(elementwise.addN),
    ARG_MAX: plain(movement.argMax),
    AVERAGE_POOL_2D: fused(layers.averagePool, 5),
    BATCH_MATMUL: plain(layers.batchMatMul),
    BATCH_TO_SPACE_ND: plain(movement.batchToSpace),
    BROADCAST_TO: plain(movement.broadcastTo),
    CAST: plain(elementwise.cast),
    CEIL: plain(same('Ceil')),
    CONCATENATION: fused(movement.concatenation, 1),
    CONV_2D: fused(layers.conv2d, 3),
    DEPTHWISE_CONV_2D: fused(layers.depthwiseConv2d, 4),
    DEPTH_TO_SPACE: plain(movement.blocks('DepthToSpace')),
    DEQUANTIZE: plain(elementwise.identity),
    DIV: fused(samePair('Div'), 0),
    ELU: plain(elementwise.elu),
    EXP: plain(same('Exp')),
    EXPAND_DIMS: plain(movement.expandDims),
    FLOOR: plain(same('Floor')),
    FULLY_CONNECTED: fused(layers.fullyConnected, 0),
    GATHER: plain(movement.gather),
    GELU: plain(elementwise.gelu),
    HARD_SWISH: plain(same('HardSwish')),
    L2_NORMALIZATION: fused(elementwise.l2Normalization, 0),
    LEAKY_RELU: plain(elementwise.leakyRelu),
    LOCAL_RESPONSE_NORMALIZATION: plain(elementwise.localResponseNormalization),
    LOG: plain(same('Log')),
    LOGISTIC: plain(same('Sigmoid')),
    LOG_SOFTMAX: plain(elementwise.logSoftmax),
    MAXIMUM: plain(samePair('Max')),
    MAX_POOL_2D: fused(layers.maxPool, 5),
    MEAN: plain(movement.reduce('ReduceMean')),
    MINIMUM: plain(samePair('Min')),
    MIRROR_PAD: plain(movement.mirrorPad),
    MUL: fused(samePair('Mul'), 0),
    NEG: plain(same('Neg')),
    PACK: plain(movement.pack),
    PAD: plain(movement.pad),
    PADV2: plain(movement.pad),
    POW: plain(samePair('Pow')),
    PRELU: plain(samePair('PRelu')),
    QUANTIZE: plain(elementwise.identity),
    REDUCE_MAX: plain(movement.reduce('ReduceMax')),
    REDUCE_MIN: plain(movement.reduce('ReduceMin')),
    REDUCE_PROD: plain(movement.reduce('ReduceProd')),
    RELU: plain(same('Relu')),
    RELU6: plain(elementwise.relu6),
    RELU_0_TO_1: plain(elementwise.relu01),
    RELU_N1_TO_1: plain(elementwise.relu1),
    RESHAPE: plain(movement.reshape),
    RESIZE_BILINEAR: plain(movement.resizeBilinear),
    RESIZE_NEAREST_NEIGHBOR: plain(movement.resizeNearest),
    ROUND: plain(same('Round')),
    RSQRT: plain(elementwise.rsqrt),
    SHAPE: plain(movement.shape),
    SIGN: plain(same('Sign')),
    SLICE: plain(movement.slice),
    SOFTMAX: plain(elementwise.softmax),
    SPACE_TO_BATCH_ND: plain(movement.spaceToBatch),
    SPACE_TO_DEPTH: plain(movement.blocks('SpaceToDepth')),
    SPLIT: plain(movement.split),
    SPLIT_V: plain(movement.splitV),
    SQRT: plain(same('Sqrt')),
    SQUARE: plain(elementwise.square),
    SQUARED_DIFFERENCE: plain(elementwise.squaredDifference),
    SQUEEZE: plain(movement.squeeze),
    STRIDED_SLICE: plain(movement.stridedSlice),
    SUB: fused(samePair('Sub'), 0),
    SUM: plain(movement.reduce('ReduceSum')),
    TANH: plain(same('Tanh')),
    TILE: plain(movement.tile),
    TRANSPOSE: plain(movement.transpose),
    TRANSPOSE_CONV: fused(layers.transposeConv, 3),
    UNPACK: plain(movement.unpack),
  }),
);
