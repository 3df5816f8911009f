/**
 * A decomposition that needs no search, for tests: hidden unit h belongs to one filter; its row of Wb is the ternary
 * weight filter (Li & Liu) of what the units before it left of that filter. W ~ Wc diag(a) Wb with 0/1 rows in Wc.
 */

import { f32, type Graph } from '../../src/ir/index.ts';
import { type Factors, findLayers, isBank, type Plan, ternarize } from '../../src/quantize/index.ts';

/** Factors of every strassenified or hybrid layer of `plan`, from the weights of `base`. */
export function crudeFactors(base: Graph, plan: Plan): Map<string, Factors> {
  const factors = new Map<string, Factors>();
  for (const { name, weight, node } of findLayers(base)) {
    const layer = plan.layers[name];
    if (!layer || !isBank(layer)) continue;
    const { dims, data } = weight.constant!;
    if (node.op === 'Gemm' && !node.int('transB', 0)) throw new Error('expected filters first');
    const [filters, ...rest] = dims as [number, ...number[]];
    const size = data.length / filters;
    const residual = Float32Array.from(data as Float32Array).subarray(layer.fullPrecision.length * size);
    const count = filters - layer.fullPrecision.length;
    const wb = new Float32Array(layer.hidden * size);
    const wc = new Float32Array(count * layer.hidden);
    const a = new Float32Array(layer.hidden);
    const errorOf = (f: number) => residual.subarray(f * size, (f + 1) * size).reduce((s, w) => s + w * w, 0);
    for (let h = 0; h < layer.hidden; h++) {
      // each filter once, then those with the largest rest
      const errors = Array.from({ length: count }, (_, f) => errorOf(f));
      const f = h < count ? h : errors.indexOf(Math.max(...errors));
      const row = residual.subarray(f * size, (f + 1) * size);
      const { values, scales } = ternarize(f32([size], row), 'tensor');
      a[h] = scales[0]!;
      wc[f * layer.hidden + h] = 1;
      for (let i = 0; i < size; i++) {
        wb[h * size + i] = values.data[i]!;
        row[i]! -= a[h]! * values.data[i]!;
      }
    }
    const kernel = rest.slice(1).map(() => 1);
    factors.set(name, { wb: f32([layer.hidden, ...rest], wb), wc: f32([count, layer.hidden, ...kernel], wc), a });
  }
  return factors;
}
