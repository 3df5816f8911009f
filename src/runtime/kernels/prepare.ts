/** Chooses the variant of a matrix product by predicted cost and brings the weights into its layout. */

import type { ElementType, PreparedProduct, VariantName, Weights } from './kernels.ts';
import { type MatrixShape, predictCost, shapeOf, type Variant, variants } from './variants/index.ts';

export interface PrepareOptions {
  /** Pixels of one product; default 196. */
  readonly pixels?: number;
  /** Whether kernels have relaxed SIMD; default false. */
  readonly isRelaxed?: boolean;
  /** The name of the variant to take, whatever it costs. */
  readonly force?: VariantName;
}

/** The variant of least predicted cost, in nanoseconds; undefined if none takes such weights with such activations. */
export function chooseVariant(
  matrix: MatrixShape,
  activations: ElementType,
  pixels: number,
  isWanted: (variant: Variant) => boolean,
): { readonly variant: Variant; readonly cost: number } | undefined {
  const candidates = variants
    .filter((variant) => variant.activations === activations && variant.accepts(matrix) && isWanted(variant))
    .map((variant) => ({ variant, cost: predictCost(variant, matrix, pixels) }));
  return candidates.reduce((a, b) => (b.cost < a.cost ? b : a), candidates[0]!);
}

/** `internal:` errors if no variant takes such weights with such activations: float32 weights need float32. */
export function prepareProduct(
  weights: Weights,
  activations: ElementType,
  options: PrepareOptions = {},
): PreparedProduct {
  const { pixels = 196, isRelaxed = false, force } = options;
  const { kind, rows, columns } = weights;
  const isWanted = (variant: Variant) =>
    force === undefined ? isRelaxed || !variant.isRelaxed : variant.name === force;
  const matrix = shapeOf(weights);
  const best = chooseVariant(matrix, activations, pixels, isWanted);
  if (best === undefined) throw new Error(`internal: no ${force ?? 'kernel'} for ${kind} weights and ${activations}`);
  const { name, pack, scratch } = best.variant;
  const { nonZeros, isNarrow } = matrix;
  return { variant: name, rows, columns, nonZeros, isNarrow, data: pack(weights), scratch: scratch(rows, columns) };
}
