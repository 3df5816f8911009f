/** What a rule of constants is, and what all rules ask of their operands. */

import type { Node, Tensor } from '../../ir/index.ts';
import { misfit } from './errors.ts';

/** Operands by input slot, undefined for omitted ones. */
export type Operands = readonly (Tensor | undefined)[];

/** The outputs in order; alone if there is but one. */
export type Rule = (node: Node, inputs: Operands) => Tensor | readonly Tensor[];

/** A required operand; E_SHAPE where it is left out. */
export function need(node: Node, inputs: Operands, index: number): Tensor {
  const tensor = inputs[index];
  if (tensor) return tensor;
  throw misfit(node, `an input ${index}`, 'none');
}

/** Any number of operands, none of them left out. */
export const all = (node: Node, inputs: Operands) => inputs.map((_, i) => need(node, inputs, i));

export function expectOneType(node: Node, [first, ...rest]: readonly Tensor[]): void {
  const odd = rest.find((t) => t.dtype !== first!.dtype);
  if (odd) throw misfit(node, 'operands of one element type', `${first!.dtype} and ${odd.dtype}`);
}
