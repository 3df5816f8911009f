/** Batch norms in training mode, which normalise by the batch that they see and not by the statistics that they have. */

import { type Node, TritbankError } from '../../ir/index.ts';
import { numbersOf } from './numbers.ts';

export function isTrainingBatchNorm(node: Node): boolean {
  return node.op === 'BatchNormalization' && node.domain === '' && node.int('training_mode', 0) === 1;
}

/** The number that a constant input begins with; undefined for one that is computed, is an input, or is left out. */
function constantAt(node: Node, slot: number): number | undefined {
  const value = node.inputs[slot];
  const { value: own } = value?.producer?.op === 'Constant' ? value.producer.attributes : {};
  const tensor = own?.kind === 'tensor' ? own.value : value?.constant;
  return !tensor || !value || value.graph.inputs.includes(value) ? undefined : Number(numbersOf(tensor, node.label)[0]);
}

/** Whether a Dropout is sure not to drop anything: it is not in training mode, or drops a part of 0. */
export function keepsAll(node: Node): boolean {
  return !node.inputs[2] || constantAt(node, 2) === 0 || (node.inputs[1] !== undefined && constantAt(node, 1) === 0);
}

/** Whether a Dropout is sure to drop. */
export function isTrainingDropout(node: Node): boolean {
  if (node.op !== 'Dropout' || node.domain !== '' || keepsAll(node)) return false;
  return (constantAt(node, 2) ?? 0) !== 0;
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
