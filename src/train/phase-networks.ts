/**
 * The network of each phase: with its body fixed, as it is, with ternary weights made on the fly, or with ternary constants;
 * and from the body's first step on with filters of few bits rounded.
 */

import type { Tensor } from '../ir/index.ts';
import { foldBatchNorm } from '../passes/index.ts';
import { type QuantizedNetwork, toFrozen, toRounded, toTernary } from '../quantize/index.ts';
import type { Phase } from './records.ts';

/** `frozenFrom` is the state at the end of the phase before `frozen`; `head` are the parameters that the phase `head` trains. */
export function networkOf(
  phase: Phase,
  quantized: QuantizedNetwork,
  frozenFrom: ReadonlyMap<string, Tensor>,
  head: ReadonlySet<string> = new Set(),
): QuantizedNetwork {
  if (phase === 'head') return withFixedBody(quantized, head);
  const network =
    phase === 'ternary' ? toTernary(quantized) : phase === 'frozen' ? toFrozen(quantized, frozenFrom) : quantized;
  return toRounded(network, frozenFrom);
}

/** Batch norms of the body are folded: they have nothing to measure. */
function withFixedBody(
  { graph: trained, ternary, rounded }: QuantizedNetwork,
  head: ReadonlySet<string>,
): QuantizedNetwork {
  const graph = trained.clone();
  foldBatchNorm(graph);
  const fixed = graph.initializers.map(({ name }) => name).filter((name) => !head.has(name));
  return { graph, ternary, rounded, fixed: new Set(fixed) };
}
