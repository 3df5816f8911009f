/** Chooses the variant of a matrix product by predicted cost and brings the weights into its layout. */

import type { ElementType, PreparedProduct, VariantName, Weights } from './kernels.ts';
import { predictCost, variants } from './variants/index.ts';

export interface PrepareOptions {
  /** Pixels of one product; default 196. */
  readonly pixels?: number;
  /** The name of the variant to take, whatever it costs. */
  readonly force?: VariantName;
}

/** `internal:` errors if no variant takes such weights with such activations: float32 weights need float32. */
export function prepareProduct(
  weights: Weights,
  activations: ElementType,
  options: PrepareOptions = {},
): PreparedProduct {
  const { pixels = 196, force } = options;
  const { kind, rows, columns } = weights;
  const candidates = variants
    .filter((v) => v.activations === activations && v.accepts(weights) && (force === undefined || v.name === force))
    .map((variant) => ({ variant, cost: predictCost(variant, weights, pixels) }));
  const best = candidates.reduce((a, b) => (b.cost < a.cost ? b : a), candidates[0]!);
  if (best === undefined) throw new Error(`internal: no ${force ?? 'kernel'} for ${kind} weights and ${activations}`);
  const { name, pack, scratch } = best.variant;
  return { variant: name, rows, columns, data: pack(weights), scratch: scratch(rows, columns) };
}
