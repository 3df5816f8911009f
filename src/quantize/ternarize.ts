/**
 * The ternary quantizer of ternary weight networks (Li & Liu, arXiv 1605.04711, equations 5 and 6):
 *
 *   delta = 0.7 E|w|,   t(w) = sign(w) [|w| > delta] in {-1, 0, 1},   s = E[|w| where t != 0],   q(w) = s t(w)
 *
 * Surrogate gradient: straight through, dq/dw = 1. Means run over the whole tensor (`tensor`, as in the paper) or over
 * each filter (`filter`, common practice). Once as a subgraph for training, once on plain tensors for freezing.
 */

import { elementCount, f32, type Tensor, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/index.ts';

export { countTernary, isTernary } from '../ir/index.ts';

export const thresholdFactor = 0.7;

/** What shares one threshold and one scale: the tensor, or each filter (first dimension). */
export type Granularity = 'tensor' | 'filter';

/** Emits `q(w)` of the latent weights `w`, differentiable by the straight-through marker. Same shape as `w`. */
export function emitTernary(b: Builder, w: Value, granularity: Granularity): Value {
  const axes = w.dims.map((_, i) => i).slice(granularity === 'filter' ? 1 : 0);
  const magnitude = b.abs(w);
  const delta = b.mul(b.reduceMean(magnitude, axes, true), thresholdFactor);
  const kept = b.cast(b.greater(magnitude, delta), 'float32');
  const total = b.reduceSum(b.mul(magnitude, kept), axes, true);
  const scale = b.div(total, b.max(b.reduceSum(kept, axes, true), 1));
  return b.straightThrough(w, b.mul(b.mul(b.sign(w), kept), scale));
}

export interface Ternary {
  /** Float32 tensor of -1, 0 and 1. */
  readonly values: Tensor<'float32'>;
  /** One scale, or one per filter. Zero where no weight passes the threshold. */
  readonly scales: Float32Array;
}

/**
 * The same quantizer on data: float32 weights of any shape, filters first. `values` has the same shape; `scales` has
 * one entry, or one per filter.
 *
 * @example
 * import { f32, ternarize } from 'tritbank/graph';
 *
 * const { values, scales } = ternarize(f32([2, 3], [3, -3, 1, 0.2, 0, 0.1]), 'filter');
 * console.log(values.data, scales); // 1 -1 0 and 1 0 1, scales 3 and 0.15
 */
export function ternarize(w: Tensor, granularity: Granularity): Ternary {
  const data = w.data as Float32Array;
  const groups = granularity === 'filter' ? w.dims[0]! : 1;
  const size = elementCount(w.dims) / groups;
  const values = new Float32Array(data.length);
  const scales = new Float32Array(groups);
  for (let g = 0; g < groups; g++) {
    const group = data.subarray(g * size, (g + 1) * size);
    let sum = 0;
    for (const v of group) sum += Math.abs(v);
    const delta = Math.fround((thresholdFactor * sum) / size);
    let kept = 0;
    let total = 0;
    for (const [i, v] of group.entries()) {
      if (Math.abs(v) <= delta) continue;
      values[g * size + i] = Math.sign(v);
      kept++;
      total += Math.abs(v);
    }
    scales[g] = kept ? total / kept : 0;
  }
  return { values: f32(w.dims, values), scales };
}
