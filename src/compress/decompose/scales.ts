/**
 * The best scales for given ternary factors. The error is quadratic in a:
 *
 *   sum_i u_i (W - Wc diag(a) Wb)_i M (W - Wc diag(a) Wb)_i'   is least where   N a = p,
 *   N = (Wc' diag(u) Wc) o (Wb M Wb')   (elementwise),   p_k = x_k' diag(u) W M y_k
 *
 * Solved by Cholesky with a tiny ridge, since terms that repeat each other make N singular.
 */

import { gramOfFilters, gramOfInputs } from './metric.ts';
import type { Problem } from './options.ts';
import { multiply, transpose } from './sums.ts';
import type { Terms } from './terms.ts';

/** Added to the diagonal, relative to its mean. */
const ridge = 1e-11;

/** Replaces the scales of `terms` by the best ones; leaves them where rounding hides the solution. */
export function fitScales(terms: Terms, { metric, target }: Problem): void {
  const { count: r, filters, inputs } = terms;
  if (r === 0) return;
  const [x, y] = [terms.xs, terms.ys];
  const normal = gramOfFilters(metric, x);
  const other = gramOfInputs(metric, y);
  let trace = 0;
  for (let at = 0; at < normal.length; at++) normal[at]! *= other[at]!;
  for (let k = 0; k < r; k++) trace += normal[k * r + k]!;
  for (let k = 0; k < r; k++) normal[k * r + k]! += (ridge * trace) / r;
  const correlations = multiply(target, transpose(y, r, inputs), inputs, r);
  const scales = new Float64Array(r);
  for (let i = 0; i < filters; i++) {
    for (let k = 0; k < r; k++) scales[k]! += metric.rowWeights[i]! * x[k * filters + i]! * correlations[i * r + k]!;
  }
  if (!factorize(normal, r)) return;
  solve(normal, r, scales);
  terms.scales.set(scales);
}

/** Cholesky in place: the lower triangle becomes L with L L' = the matrix. False where it is not positive definite. */
export function factorize(matrix: Float64Array, size: number): boolean {
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j <= i; j++) {
      const above = j * size;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let k = 0;
      for (; k + 3 < j; k += 4) {
        s0 += matrix[row + k]! * matrix[above + k]!;
        s1 += matrix[row + k + 1]! * matrix[above + k + 1]!;
        s2 += matrix[row + k + 2]! * matrix[above + k + 2]!;
        s3 += matrix[row + k + 3]! * matrix[above + k + 3]!;
      }
      for (; k < j; k++) s0 += matrix[row + k]! * matrix[above + k]!;
      const rest = matrix[row + j]! - (s0 + s1 + (s2 + s3));
      if (i === j && !(rest > 0)) return false;
      matrix[row + j] = i === j ? Math.sqrt(rest) : rest / matrix[above + j]!;
    }
  }
  return true;
}

/** Solves `L L' x = b` in place. */
export function solve(lower: Float64Array, size: number, b: Float64Array): void {
  for (let i = 0; i < size; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * b[k]!;
    b[i] = sum / lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    const v = b[i]! / lower[i * size + i]!;
    b[i] = v;
    for (let k = 0; k < i; k++) b[k]! -= lower[i * size + k]! * v;
  }
}
