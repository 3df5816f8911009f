/** The network of each phase: as it is, with ternary weights made on the fly, or with ternary constants. */

import type { Tensor } from '../ir/index.ts';
import { type QuantizedNetwork, toFrozen, toTernary } from '../quantize/index.ts';
import type { Phase } from './records.ts';

/** `frozenFrom` is the state at the end of the phase before `frozen`. */
export function networkOf(
  phase: Phase,
  quantized: QuantizedNetwork,
  frozenFrom: ReadonlyMap<string, Tensor>,
): QuantizedNetwork {
  if (phase === 'ternary') return toTernary(quantized);
  return phase === 'frozen' ? toFrozen(quantized, frozenFrom) : quantized;
}
