/**
 * Coordinate descent over trits, one filter (or one input channel) at a time, the other factor and the scales held. For
 * a row c of Wc, y = c diag(a) Wb is least squares over ternary c:
 *
 *   E(c + d e_k) - E(c) = -2 d g_k + d^2 Q_kk,   g -= d Q_k,   Q = diag(a) Wb M Wb' diag(a),   g = diag(a) Wb M e
 *
 * with e the filter's present error. Sweeps over k until no single change helps. A trit other than 0 may have a price p, in
 * units of E: from v = c_k + g_k / Q_kk, the best real value, the best trit is sign(v) where |v| > 1/2 + p / (2 Q_kk), else 0.
 */

/** A limit that ends cycles of changes within rounding; descents end by themselves after about five. */
const sweeps = 20;

/**
 * Improves `trits` [terms, count] in place: `count` independent problems with one `gram` [terms, terms], which is Q.
 * `gradients` [count, terms] has g for each and is overwritten; `prices` [count] those of non-zeros, default 0. Returns the
 * number of changes.
 */
export function descendTrits(
  trits: Int8Array,
  gradients: Float64Array,
  gram: Float64Array,
  count: number,
  prices?: ArrayLike<number>,
): number {
  const terms = trits.length / count;
  let changes = 0;
  for (let i = 0; i < count; i++) {
    const halfPrice = (prices?.[i] ?? 0) / 2;
    const g = gradients.subarray(i * terms, (i + 1) * terms);
    for (let sweep = 0, moved = true; moved && sweep < sweeps; sweep++) {
      moved = false;
      for (let k = 0; k < terms; k++) {
        const curvature = gram[k * terms + k]!;
        const now = trits[k * count + i]!;
        // a trit without effect stays as it is, or goes where it has a price
        const best = curvature > 0 ? now + g[k]! / curvature : halfPrice > 0 ? 0 : now;
        const threshold = curvature > 0 ? 0.5 + halfPrice / curvature : 0.5;
        const step = (best > threshold ? 1 : best < -threshold ? -1 : 0) - now;
        if (step === 0) continue;
        trits[k * count + i]! += step;
        moved = true;
        changes++;
        const row = k * terms;
        for (let l = 0; l < terms; l++) g[l]! -= step * gram[row + l]!;
      }
    }
  }
  return changes;
}
