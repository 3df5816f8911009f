/** Chooses the variant of a matrix product by predicted cost and brings the weights into its layout. */

import type { ElementType, PackedProduct, VariantName, Weights } from './kernels.ts';
import { type MatrixShape, predictCost, shapeOf, type Variant, variants } from './variants/index.ts';

export interface PrepareOptions {
  /** Pixels of one product; default 196. */
  readonly pixels?: number;
  /** Whether kernels have relaxed SIMD; default false. */
  readonly isRelaxed?: boolean;
  /** The name of the variant to take, whatever it costs. */
  readonly force?: VariantName;
  /** Whether `data` may be a view that is valid until the next product is prepared; default false. */
  readonly isBorrowed?: boolean;
}

const isExact = (variant: Variant): boolean => variant.isExact?.() ?? true;

/** Part of the least cost that is given for less memory. */
const closeEnough = 1.05;

/** The variant of about the least predicted cost, in nanoseconds; undefined if none takes such weights with such activations. */
export function chooseVariant(
  matrix: MatrixShape,
  activations: ElementType,
  pixels: number,
  isWanted: (variant: Variant) => boolean,
): { readonly variant: Variant; readonly cost: number } | undefined {
  const candidates = variants
    .filter((variant) => variant.activations === activations && variant.accepts(matrix) && isWanted(variant))
    .map((variant) => ({ variant, cost: predictCost(variant, matrix, pixels) }));
  const least = Math.min(...candidates.map(({ cost }) => cost));
  // memory decides between those that are about as fast
  const near = candidates.filter(({ cost }) => cost <= least * closeEnough);
  const bits = ({ variant }: (typeof candidates)[0]) => variant.weightBits(matrix);
  return near.reduce((a, b) => (bits(b) < bits(a) || (bits(b) === bits(a) && b.cost < a.cost) ? b : a), near[0]!);
}

/** `internal:` errors if no variant takes such weights with such activations: float32 weights need float32. */
export function prepareProduct(
  weights: Weights,
  activations: ElementType,
  options: PrepareOptions = {},
): PackedProduct {
  const { pixels = 196, isRelaxed = false, force, isBorrowed = false } = options;
  const isWanted = (variant: Variant) =>
    force === undefined ? !variant.isRelaxed || (isRelaxed && isExact(variant)) : variant.name === force;
  const matrix = shapeOf(weights);
  const { kind, rows, columns } = matrix;
  const best = chooseVariant(matrix, activations, pixels, isWanted);
  if (best === undefined) throw new Error(`internal: no ${force ?? 'kernel'} for ${kind} weights and ${activations}`);
  const { name, pack, scratch } = best.variant;
  const packed = pack(weights);
  const data = isBorrowed ? packed : packed.slice();
  return { ...matrix, variant: name, activations, data, bytes: data.length, scratch: scratch(rows, columns) };
}
