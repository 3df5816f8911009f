/**
 * Errors of operators and their operands, in one wording. A file is judged by what it asks for, so all are its user's.
 */

import { type Node, TritbankError } from '../../ir/index.ts';

/** A use of an operator that is not there: E_UNSUPPORTED. */
export function unsupported(node: Node, expected: string, found: string | number): TritbankError {
  return new TritbankError('E_UNSUPPORTED', node.label, `expected ${expected}, found ${found}`);
}

/** Operands that do not fit their operator: E_SHAPE. */
export function misfit(node: Node, expected: string, found: string | number): TritbankError {
  return new TritbankError('E_SHAPE', node.label, `expected ${expected}, found ${found}`);
}

/** `[1, 3, 224, 224]`. */
export const printDims = (dims: readonly (number | string)[]) => `[${dims.join(', ')}]`;

/** An axis in 0 ... rank - 1, counted from the end where it is negative. */
export function axisOf(node: Node, axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(result) && result >= 0 && result < rank) return result;
  throw misfit(node, `an axis of a tensor of rank ${rank}`, axis);
}
