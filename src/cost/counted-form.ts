/** The form of a network whose layers and operations are counted: weights unpacked, activations float, batch norms folded. */

import type { Graph } from '../ir/index.ts';
import { foldBatchNorm, foldConstants, unpackNetwork } from '../passes/index.ts';

/** Weights that a network computes from constants; so many elements at most. */
const maxElements = 2 ** 26;

/**
 * A copy in that form; a graph that has it already is returned as it is.
 *
 * @example
 * import { loadModel } from 'tritbank';
 * import { countedForm } from 'tritbank/cost';
 *
 * const counted = countedForm(await loadModel('small.onnx'));
 * console.log(counted.nodes.length);
 */
export function countedForm(graph: Graph): Graph {
  const isComputed = graph.nodes.some(({ inputs }) => inputs.length > 0 && inputs.every((value) => value?.constant));
  const isQuantized = graph.nodes.some(({ op }) => op === 'QuantizeLinear');
  if (!isComputed && !isQuantized && !graph.nodes.some(({ op }) => op === 'BatchNormalization')) return graph;
  const counted = graph.clone();
  unpackNetwork(counted);
  if (isComputed) foldConstants(counted, { maxElements });
  foldBatchNorm(counted);
  return counted;
}
