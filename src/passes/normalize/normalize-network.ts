/**
 * Brings a network, whoever exported it, to the form that compression expects, exact up to rounding: every layer a
 * convolution or Gemm with constant float32 weights, filters first, and with its own bias and padding; channels first
 * between them; no batch norms (or, if asked for, batch norms behind their convolutions). In this order, until nothing
 * changes:
 *
 *   foldConstants    what depends on constants alone; weights that are transposed or reshaped in the graph
 *   removeIdentity   Identity, Dropout, and what else hands on what it gets
 *   unifyClips       ReLU6 and the like in one operator
 *   sinkTransposes   transpositions between convolutions cancel
 *   unifyPools       ReduceMean and the like become GlobalAveragePool and Flatten
 *   writePads        auto_pad becomes pads
 *   foldPads         Pad becomes part of what reads it
 *   unifyGemms       MatMul becomes Gemm, with a row of weights per filter
 *   liftProducts     MatMul of more than two axes becomes a 1x1 convolution
 *   foldChannelOps   products and sums behind convolutions become part of them
 *   foldBatchNorm    batch norms too
 *
 * Names of inputs, outputs and layers stay, and so do shapes and element types of inputs and outputs.
 * Left out: half-precision weights; networks that others have quantized, which are refused.
 */

import { type Graph, TritbankError, verify } from '../../ir/index.ts';
import { refuseTraining } from '../../ops/arithmetic/training.ts';
import { foldBatchNorm } from '../fold-batch-norm.ts';
import { foldConstants } from '../fold-constants.ts';
import { inferShapes } from '../infer-shapes.ts';
import { removeDead } from '../remove-dead.ts';
import { keepOutputNames } from '../replace.ts';
import { writePads } from './explicit-pads.ts';
import { foldChannelOps } from './fold-channel-ops.ts';
import { foldPads } from './fold-pads.ts';
import { liftProducts } from './lift-products.ts';
import { removeIdentity } from './remove-identity.ts';
import { sinkTransposes } from './sink-transposes.ts';
import { unifyClips } from './unify-clips.ts';
import { unifyGemms } from './unify-gemms.ts';
import { unifyPools } from './unify-pools.ts';

export interface NormalizeOptions {
  /** `fold` them into the layers before them (default), or `keep` them. */
  readonly batchNorms?: 'fold' | 'keep';
}

/** Elements of a constant that is worth computing: the weights of a large layer. */
const maxElements = 2 ** 26;

/**
 * Rewrites `graph` in place, refreshing types, and returns it. Throws E_UNSUPPORTED for a quantized model, E_MODEL for
 * one in training mode, E_SHAPE
 * for one whose operands do not fit.
 *
 * @example
 * import { findLayers, loadModel, normalizeNetwork } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * console.log(findLayers(graph).map(({ name }) => name));
 */
export function normalizeNetwork(graph: Graph, { batchNorms = 'fold' }: NormalizeOptions = {}): Graph {
  refuseTraining(graph.nodes);
  const found = findQuantization(graph);
  if (found !== undefined) {
    const message = `expected float weights, found a quantized model (${found}): compress the float model it was made from`;
    throw new TritbankError('E_UNSUPPORTED', `model '${graph.name}'`, message);
  }
  const rewrites: readonly ((graph: Graph) => boolean)[] = [
    (g) => foldConstants(g, { maxElements }),
    removeIdentity,
    unifyClips,
    sinkTransposes,
    unifyPools,
    writePads,
    foldPads,
    unifyGemms,
    liftProducts,
    foldChannelOps,
    ...(batchNorms === 'fold' ? [foldBatchNorm] : []),
    removeDead,
  ];
  inferShapes(graph);
  const declared = graph.outputs.map(({ type }) => type);
  keepOutputNames(graph, () => {
    while (rewrites.filter((rewrite) => rewrite(graph)).length > 0);
  });
  // a rewritten node behind an operator without a shape rule has forgotten what the file declares
  for (const [i, output] of graph.outputs.entries()) if (!output.type?.shape && declared[i]) output.type = declared[i];
  return verify(inferShapes(graph));
}

const quantized = /^(Quantize|Dequantize|DynamicQuantize|QLinear|QGemm|QAttention)|Integer$/;

/** `12 QuantizeLinear nodes`: the operators by which a quantized model is known; undefined for a float one. */
export function findQuantization(graph: Graph): string | undefined {
  const counts = new Map<string, number>();
  for (const { op } of graph.nodes) if (quantized.test(op)) counts.set(op, (counts.get(op) ?? 0) + 1);
  const op = counts.has('QuantizeLinear') ? 'QuantizeLinear' : [...counts.keys()][0];
  return op && `${counts.get(op)} ${op} node${counts.get(op) === 1 ? '' : 's'}`;
}
