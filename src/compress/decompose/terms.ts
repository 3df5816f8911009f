/**
 * The state of a decomposition: the terms found so far, and the residual they leave, stored by rows and by columns so
 * that both of its products run along contiguous memory.
 */

import { multiply, transpose } from './sums.ts';

/** One rank-one term, `scale x y`. */
export interface Term {
  /** [filters], in {-1, 0, 1}. */
  readonly x: Int8Array;
  /** [inputs], in {-1, 0, 1}. */
  readonly y: Int8Array;
  readonly scale: number;
}

/** `W ~ sum over terms k of a_k x_k y_k`, terms one after the other. */
export class Terms {
  count = 0;
  /** Columns of Wc, [width, filters]. */
  readonly x: Int8Array;
  /** Rows of Wb, [width, inputs]. */
  readonly y: Int8Array;
  readonly scales: Float64Array;

  constructor(
    readonly filters: number,
    readonly inputs: number,
    readonly width: number,
  ) {
    this.x = new Int8Array(width * filters);
    this.y = new Int8Array(width * inputs);
    this.scales = new Float64Array(width);
  }

  xOf(k: number): Int8Array {
    return this.x.subarray(k * this.filters, (k + 1) * this.filters);
  }

  yOf(k: number): Int8Array {
    return this.y.subarray(k * this.inputs, (k + 1) * this.inputs);
  }

  /** Term k; its vectors are views. */
  get(k: number): Term {
    return { x: this.xOf(k), y: this.yOf(k), scale: this.scales[k]! };
  }

  set(k: number, term: Term): void {
    this.xOf(k).set(term.x);
    this.yOf(k).set(term.y);
    this.scales[k] = term.scale;
  }

  add(term: Term): void {
    this.set(this.count++, term);
  }

  /** The x of all terms so far, as doubles, [count, filters]. */
  get xs(): Float64Array {
    return Float64Array.from(this.x.subarray(0, this.count * this.filters));
  }

  /** The y of all terms so far, as doubles, [count, inputs]. */
  get ys(): Float64Array {
    return Float64Array.from(this.y.subarray(0, this.count * this.inputs));
  }

  copy(): Terms {
    const copy = new Terms(this.filters, this.inputs, this.width);
    copy.copyFrom(this);
    return copy;
  }

  copyFrom(other: Terms): void {
    this.x.set(other.x);
    this.y.set(other.y);
    this.scales.set(other.scales);
    this.count = other.count;
  }

  /** `weights - Wc diag(a) Wb`, [filters, inputs]. */
  residual(weights: Float64Array): Float64Array {
    const wc = transpose(this.x.subarray(0, this.count * this.filters), this.count, this.filters);
    for (let at = 0; at < wc.length; at++) wc[at]! *= this.scales[at % this.count]!;
    const approximation = multiply(wc, this.ys, this.count, this.inputs);
    return weights.map((w, at) => w - approximation[at]!);
  }
}

/** A residual that terms are taken off. */
export class Residual {
  /** The transpose of `rows`, kept equal. */
  readonly columns: Float64Array;

  constructor(
    readonly rows: Float64Array,
    readonly filters: number,
    readonly inputs: number,
  ) {
    this.columns = transpose(rows, filters, inputs);
  }

  /** Subtracts `term`, and adds `previous` in the same sweep over memory, which is what takes the time. */
  subtract(term: Term, previous?: Term): void {
    const [x, y] = [Float64Array.from(term.x), Float64Array.from(term.y)];
    const [x0, y0] = previous ? [Float64Array.from(previous.x), Float64Array.from(previous.y)] : [zeros(x), zeros(y)];
    const scale0 = previous?.scale ?? 0;
    addOuter(this.rows, x, y, -term.scale, x0, y0, scale0);
    addOuter(this.columns, y, x, -term.scale, y0, x0, scale0);
  }
}

const zeros = (like: Float64Array) => new Float64Array(like.length);

/** `matrix += c u v' + c0 u0 v0'`, four columns at a time; rows that are zero in u and u0 are not touched. */
function addOuter(
  matrix: Float64Array,
  u: Float64Array,
  v: Float64Array,
  c: number,
  u0: Float64Array,
  v0: Float64Array,
  c0: number,
): void {
  const columns = v.length;
  for (let i = 0, at = 0; i < u.length; i++, at += columns) {
    const step = c * u[i]!;
    const step0 = c0 * u0[i]!;
    if (step === 0 && step0 === 0) continue;
    let j = 0;
    for (; j + 3 < columns; j += 4) {
      matrix[at + j]! += step * v[j]! + step0 * v0[j]!;
      matrix[at + j + 1]! += step * v[j + 1]! + step0 * v0[j + 1]!;
      matrix[at + j + 2]! += step * v[j + 2]! + step0 * v0[j + 2]!;
      matrix[at + j + 3]! += step * v[j + 3]! + step0 * v0[j + 3]!;
    }
    for (; j < columns; j++) matrix[at + j]! += step * v[j]! + step0 * v0[j]!;
  }
}
