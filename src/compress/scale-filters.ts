/** Scales behind the ternary filters of a planned network, whose factors approximate filters that all vary alike. */

import type { Graph } from '../ir/index.ts';
import { insertAfter } from '../passes/channels.ts';
import type { BankParts } from '../quantize/index.ts';

/**
 * Multiplies the ternary filters of the layer `name` by `scales`, and the `kept` full-precision ones that a Concat joins
 * them to by 1. Changes `graph`.
 */
export function scaleFilters(
  graph: Graph,
  name: string,
  { combine }: BankParts,
  { kept, scales }: { readonly kept: number; readonly scales: ArrayLike<number> },
): void {
  const ternary = graph.nodes.find((node) => node.name === combine)!.output();
  const joined = kept > 0 ? [...ternary.uses][0]!.output() : ternary;
  const all = Float64Array.from({ length: kept + scales.length }, (_, f) => (f < kept ? 1 : scales[f - kept]!));
  insertAfter(joined, 'Mul', all, `${name}_scale`);
}
