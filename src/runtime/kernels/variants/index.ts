/** All variants of the matrix product: the one list that drives selection, tests and benches. */

import type { VariantName } from '../kernels.ts';
import { denseFloat32, denseInt4, denseInt8 } from './dense.ts';
import { dotInt4, dotInt8, dotTernary } from './dot.ts';
import { listed } from './listed.ts';
import { lookup } from './lookup.ts';
import type { Variant } from './variant.ts';
import { vectorFloat32, vectorInt4, vectorInt8, vectorTernary } from './vector.ts';

export { checkEpilogue, type MatrixShape, predictCost, shapeOf, type Variant } from './variant.ts';

export const variants: readonly Variant[] = [
  lookup('ternary_lookup4_int8', 4, 'int8', [0.132, 0.326, 22.6, 2.08, 50.3]),
  lookup('ternary_lookup3_int8', 3, 'int8', [0.136, 0.3, 6.97, 2.22, 28.1]),
  listed('int8', [0.113, 0.249, 1.54, 1.61, 0.233, 346]),
  denseInt8,
  denseInt4,
  dotInt8,
  dotInt4,
  dotTernary,
  vectorInt8,
  vectorInt4,
  vectorTernary,
  lookup('ternary_lookup4_float32', 4, 'float32', [0.166, 0.233, 21.4, 1.34, 403]),
  listed('float32', [0.0673, 0.515, 1.04, 0.741, 0.283, 380]),
  denseFloat32,
  vectorFloat32,
];

export function findVariant(name: VariantName): Variant {
  const variant = variants.find((v) => v.name === name);
  if (variant === undefined) throw new Error(`internal: no kernel ${name}`);
  return variant;
}
