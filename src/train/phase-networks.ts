/** The network of each phase: with its body fixed, as it is, with ternary weights made on the fly, or with ternary constants. */

import type { Tensor } from '../ir/index.ts';
import { foldBatchNorm } from '../passes/index.ts';
import { type QuantizedNetwork, toFrozen, toTernary } from '../quantize/index.ts';
import type { Phase } from './records.ts';

/** `frozenFrom` is the state at the end of the phase before `frozen`; `head` are the parameters that the phase `head` trains. */
export function networkOf(
  phase: Phase,
  quantized: QuantizedNetwork,
  frozenFrom: ReadonlyMap<string, Tensor>,
  head: ReadonlySet<string> = new Set(),
): QuantizedNetwork {
  if (phase === 'head') return withFixedBody(quantized, head);
  if (phase === 'ternary') return toTernary(quantized);
  return phase === 'frozen' ? toFrozen(quantized, frozenFrom) : quantized;
}

/** Batch norms of the body are folded: they have nothing to measure. */
function withFixedBody({ graph: trained, ternary }: QuantizedNetwork, head: ReadonlySet<string>): QuantizedNetwork {
  const graph = trained.clone();
  foldBatchNorm(graph);
  const fixed = graph.initializers.map(({ name }) => name).filter((name) => !head.has(name));
  return { graph, ternary, fixed: new Set(fixed) };
}
