/**
 * One ternary vector of a rank-one term, and its best value for given correlations. For weights w_i >= 0, the ternary v
 * that maximises
 *
 *   (sum w_i v_i s_i)^2 / (sum w_i v_i^2)
 *
 * has the signs of s on the largest |s_i|: sort, then try every prefix (Kolda & O'Leary, 1998, section 2.2). With a unit
 * cost c, prefixes are judged by the same quotient per addition, divided by (non-zeros of both vectors + c).
 */

import { addRows } from './sums.ts';

const float = new Float32Array(1);
const pattern = new Uint32Array(float.buffer);

export class TernaryVector {
  readonly trits: Int8Array;
  /** Non-zeros. */
  count = 0;
  /** Sum of the weights of the non-zeros. */
  mass = 0;
  /** Rows that the last change touched, and by how much times their weight. */
  private readonly rows: Int32Array;
  private readonly changes: Float64Array;
  private changed = 0;
  /** Sort keys: the bits of |s| as float32 in the high word, the index in the low one. */
  private readonly keys: Float64Array;
  private readonly words: Uint32Array;

  constructor(private readonly weights: Float64Array) {
    const n = weights.length;
    this.trits = new Int8Array(n);
    this.rows = new Int32Array(n);
    this.changes = new Float64Array(n);
    this.keys = new Float64Array(n);
    this.words = new Uint32Array(this.keys.buffer);
  }

  /** Becomes zero. */
  clear(): void {
    this.trits.fill(0);
    this.count = 0;
    this.mass = 0;
    this.changed = 0;
  }

  /** Becomes `trits`, less those without weight; all non-zeros count as changed. */
  assign(trits: Int8Array): void {
    this.clear();
    for (let i = 0; i < trits.length; i++) {
      const v = this.weights[i]! > 0 ? trits[i]! : 0;
      this.trits[i] = v;
      if (v === 0) continue;
      this.count++;
      this.mass += this.weights[i]!;
      this.record(i, v);
    }
  }

  /**
   * Takes the best trits for the correlations `s`, the other vector having `otherCount` non-zeros. False where nothing
   * changed.
   */
  fit(s: Float64Array, otherCount: number, unitCost: number): boolean {
    const { weights, words, keys } = this;
    const n = weights.length;
    for (let i = 0; i < n; i++) {
      float[0] = weights[i]! > 0 ? Math.abs(s[i]!) : 0;
      words[2 * i] = i;
      words[2 * i + 1] = pattern[0]!;
    }
    keys.sort();
    let sum = 0;
    let mass = 0;
    let best = 0;
    this.count = 0;
    this.mass = 0;
    for (let rank = 1; rank <= n; rank++) {
      const i = words[2 * (n - rank)]!;
      if (words[2 * (n - rank) + 1] === 0) break;
      sum += weights[i]! * Math.abs(s[i]!);
      mass += weights[i]!;
      const perAddition = unitCost === Number.POSITIVE_INFINITY ? 1 : rank + otherCount + unitCost;
      const quotient = (sum * sum) / (mass * perAddition);
      if (quotient <= best) continue;
      best = quotient;
      this.count = rank;
      this.mass = mass;
    }
    this.changed = 0;
    for (let rank = 1; rank <= n; rank++) {
      const i = words[2 * (n - rank)]!;
      const v = rank > this.count ? 0 : s[i]! > 0 ? 1 : -1;
      if (v === this.trits[i]) continue;
      this.record(i, v - this.trits[i]!);
      this.trits[i] = v;
    }
    return this.changed > 0;
  }

  /** `out += sum over changed i of w_i change_i matrix[i]`: what the last change adds to a product with the matrix. */
  addChange(matrix: Float64Array, length: number, out: Float64Array): void {
    addRows(matrix, length, this.rows, this.changes, this.changed, out);
  }

  /** Sum over changed i of w_i change_i trits_i. */
  changeAlong(trits: Int8Array): number {
    let sum = 0;
    for (let q = 0; q < this.changed; q++) sum += this.changes[q]! * trits[this.rows[q]!]!;
    return sum;
  }

  /** Sum of w_i v_i s_i. */
  dot(s: Float64Array): number {
    let sum = 0;
    for (let i = 0; i < s.length; i++) sum += this.weights[i]! * this.trits[i]! * s[i]!;
    return sum;
  }

  private record(row: number, change: number): void {
    this.rows[this.changed] = row;
    this.changes[this.changed++] = change * this.weights[row]!;
  }
}
