/**
 * Operators that a file left in training mode: batch norms that take the statistics of the batch, Dropouts that drop.
 * What such a network says of an image depends on the others beside it, or on chance, so that none of its figures mean
 * anything.
 */

import { type Graph, type Node, TritbankError } from '../ir/index.ts';
import { isTrainingBatchNorm, isTrainingDropout, refuseTraining } from '../ops/arithmetic/training.ts';

/** Nodes in training mode, in execution order. */
export const findTraining = (graph: Graph): Node[] => graph.nodes.filter(isTraining);

const isTraining = (node: Node) => isTrainingBatchNorm(node) || isTrainingDropout(node);

/** E_MODEL for a network that was exported in training mode. */
export function requireInference(graph: Graph): void {
  refuseTraining(graph.nodes);
  const [node] = findTraining(graph);
  if (!node) return;
  const message =
    'expected a Dropout of inference, found one in training mode; export the model in evaluation mode (model.eval() in ' +
    'PyTorch)';
  throw new TritbankError('E_MODEL', node.label, message);
}
