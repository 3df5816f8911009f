/** The network of each phase: as it is, with ternary weights made on the fly, or with ternary constants. */

import { f32, type Tensor, type Value } from '../ir/index.ts';
import { type QuantizedNetwork, ternarize, toFrozen, toTernary } from '../quantize/index.ts';
import type { Phase } from './records.ts';

/** `frozenFrom` is the state at the end of the phase before `frozen`. */
export function networkOf(
  phase: Phase,
  quantized: QuantizedNetwork,
  frozenFrom: ReadonlyMap<string, Tensor>,
): QuantizedNetwork {
  if (phase === 'ternary') return toTernary(quantized);
  return phase === 'frozen' ? freezeNetwork(quantized, frozenFrom) : quantized;
}

/** The shift of the batch norm whose scale is `a`. */
function shiftBeside(a: Value): Value {
  const norm = [...a.uses].find((n) => n.op === 'BatchNormalization');
  if (!norm) throw new Error(`internal: no batch norm reads '${a.name}'`);
  return norm.input(2);
}

/**
 * `toFrozen`, exact for hidden batch norms with a shift too: Wc (a n + t) = s Tc (a n + t) = Tc (s a n + s t), so that
 * the scale of Wc goes into t as it goes into `a`. Shifts of zero, as applied plans have them, stay what they are.
 */
export function freezeNetwork(quantized: QuantizedNetwork, state: ReadonlyMap<string, Tensor>): QuantizedNetwork {
  const frozen = toFrozen(quantized, state);
  for (const { name, granularity, scale } of quantized.ternary) {
    if (scale.into !== 'a') continue;
    const latent = state.get(name) ?? quantized.graph.value(name).constant!;
    const factor = ternarize(latent, granularity).scales[0]! || 1;
    multiply(shiftBeside(frozen.graph.value(scale.name)), factor);
  }
  return frozen;
}

function multiply(value: Value, factor: number): void {
  const { dims, data } = value.constant!;
  value.constant = f32(
    dims,
    (data as Float32Array).map((v) => v * factor),
  );
}
