/**
 * What every operator computes, in the semantics of opset 20: `arithmetic/evaluate.ts` has those that constants are made
 * with, which the runtime shares; the others are here, naive and readable. They fold constants and are the measure for
 * faster code, never the way to run a network.
 */

import { Graph, type Node, type Tensor, TritbankError } from '../ir/index.ts';
import { type EvaluatedOp, evaluateConstants, isEvaluated } from './arithmetic/evaluate.ts';
import { countOf } from './arithmetic/numbers.ts';
import { isOpType, markerDomain, type OpType, straightThrough } from './names.ts';
import { countArithmetic } from './operations.ts';
import type { ReferenceRule } from './reference/arrays.ts';
import { conv, convTranspose } from './reference/conv.ts';
import { gatherElements, oneHot, scatterElements, scatterND } from './reference/indexing.ts';
import { gemm, matMul } from './reference/matmul.ts';
import { pad, tile } from './reference/movement.ts';
import {
  batchNormalization,
  instanceNormalization,
  layerNormalization,
  localResponse,
  logSoftmax,
  softmax,
} from './reference/normalize.ts';
import { averagePool, globalAveragePool, globalMaxPool, maxPool } from './reference/pool.ts';
import { quantizeLinear } from './reference/quantize.ts';
import { argMax, max, mean, min, product, reduce, sum, sumSquare } from './reference/reduce.ts';
import { resize } from './reference/resize.ts';
import { constantTensor } from './shape/create.ts';
import { inferNode } from './shape.ts';

/** What a step of a naive rule costs beside one over a typed array. */
const naiveCost = 8;

const rules: { readonly [K in Exclude<OpType, EvaluatedOp>]: ReferenceRule } = {
  ArgMax: argMax,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Constant: (node) => [constantTensor(node)],
  Conv: conv,
  ConvTranspose: convTranspose,
  GatherElements: gatherElements,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LRN: localResponse,
  LogSoftmax: logSoftmax,
  MatMul: matMul,
  MaxPool: maxPool,
  OneHot: oneHot,
  Pad: pad,
  QuantizeLinear: quantizeLinear,
  ReduceL2: reduce((group) => Math.sqrt(sumSquare(group))),
  ReduceMax: reduce(max),
  ReduceMean: reduce(mean),
  ReduceMin: reduce(min),
  ReduceProd: reduce(product),
  ReduceSum: reduce(sum),
  ReduceSumSquare: reduce(sumSquare),
  Resize: resize,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  Softmax: softmax,
  Tile: tile,
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
  if (isEvaluated(node.op, node.domain)) return evaluateConstants(node, inputs);
  // A copy over constants, so that shape inference fixes every output type before the rule runs.
  const scratch = new Graph();
  scratch.budget = node.graph.budget;
  const values = inputs.map((tensor, i) => tensor && scratch.initializer(`input${i}`, tensor));
  const outputs = node.outputs.map((_, i) => `output${i}`);
  const copy = scratch.add(node.op, values, node.attributes, { name: node.name, outputs });
  inferNode(copy);
  for (const { dims, dtype } of copy.outputs.filter((output) => output !== undefined)) countOf(dims, copy, dtype);
  scratch.budget.take(naiveCost * countArithmetic(copy), node.label);
  return rules[node.op](copy);
}
