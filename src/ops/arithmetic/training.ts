/** Batch norms in training mode, which normalise by the batch that they see and not by the statistics that they have. */

import { type Node, TritbankError } from '../../ir/index.ts';

export function isTrainingBatchNorm(node: Node): boolean {
  return node.op === 'BatchNormalization' && node.domain === '' && node.int('training_mode', 0) === 1;
}

/**
 * E_MODEL for a network in training mode: its scores would depend on which images come together, and statistics that
 * nobody may have kept would be taken for its own.
 */
export function refuseTraining(nodes: readonly Node[]): void {
  const node = nodes.find(isTrainingBatchNorm);
  if (!node) return;
  const found = 'one in training mode; export the model in evaluation mode (model.eval() in PyTorch)';
  throw new TritbankError('E_MODEL', node.label, `expected a batch norm of inference, found ${found}`);
}
