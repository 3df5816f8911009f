/**
 * Greedy search: the rank-one ternary term that lowers the error most, by alternating optimisation (Kolda & O'Leary, "A
 * semidiscrete matrix decomposition for latent semantic indexing", 1998). For fixed y the best x is found exactly, then
 * the best y for that x, until neither changes. Products with the residual follow the changes of the vectors only, so
 * that late alternations cost little.
 */

import { Random } from '../../ir/index.ts';
import type { Metric } from './metric.ts';
import type { Residual, Term } from './terms.ts';
import { TernaryVector } from './vector.ts';

/**
 * Where the search for a term begins: a random ternary y (`dense`), the input channel (`column`) or the filter (`row`)
 * that has most of the residual.
 */
export type Start = 'dense' | 'column' | 'row';

/** As in `DecomposeOptions`, but for the unit cost. */
export interface SearchOptions {
  readonly alternations: number;
  readonly start: Start;
  readonly starts: number;
  /**
   * What a term costs beside its non-zeros, in additions. Finite: terms are chosen by what they gain per addition; the
   * smaller, the sparser. Infinite: by what they gain.
   */
  readonly unitCost: number;
  readonly seed: number;
}

/** A term that was found. Its vectors live until the next search. */
export interface Found extends Term {
  /** What it takes off the weighted squared error. */
  readonly gain: number;
}

/** Fraction of non-zeros of a random start: where searches from it end. */
const startDensity = 0.55;

type Vectors = readonly [x: TernaryVector, y: TernaryVector];

export class TermSearch {
  private readonly s: Float64Array;
  private readonly t: Float64Array;
  /** One pair for the search that runs, one for the best so far. */
  private vectors: Vectors;
  private spare: Vectors;

  constructor(
    private readonly metric: Metric,
    private readonly options: SearchOptions,
  ) {
    const { rowWeights, columnWeights } = metric;
    this.s = new Float64Array(rowWeights.length);
    this.t = new Float64Array(columnWeights.length);
    this.vectors = [new TernaryVector(rowWeights), new TernaryVector(columnWeights)];
    this.spare = [new TernaryVector(rowWeights), new TernaryVector(columnWeights)];
  }

  /** What a term costs beside its non-zeros. */
  get unitCost(): number {
    return this.options.unitCost;
  }

  /** The best term found for `residual`, the `index`-th one of the decomposition; its gain is 0 where nothing is left. */
  find(residual: Residual, index: number): Found {
    const { start, starts } = this.options;
    if (start === 'row') return this.refine(residual, this.row(residual));
    let best: Found | undefined;
    for (let attempt = 0; start === 'dense' && attempt < starts; attempt++) {
      const found = this.refine(residual, this.random(index, attempt));
      if (best && best.gain >= found.gain) continue;
      best = found;
      [this.vectors, this.spare] = [this.spare, this.vectors];
    }
    // a residual that is left in a few channels only may be orthogonal to the random start
    return best && best.gain > 0 ? best : this.refine(residual, this.column(residual));
  }

  /**
   * The term that alternation from the trits `start` of y ends in, for the residual plus the term `without`: its share of
   * the products is added to them, which spares writing the residual twice.
   */
  refine(residual: Residual, start: Int8Array, without?: Term): Found {
    const { filters, inputs, rows, columns } = residual;
    const { alternations, unitCost } = this.options;
    const [x, y] = this.vectors;
    const { s, t } = this;
    s.fill(0);
    t.fill(0);
    x.clear();
    y.assign(start);
    for (let round = 0; round < alternations; round++) {
      y.addChange(columns, filters, s);
      if (without) addTrits(s, without.x, without.scale * y.changeAlong(without.y));
      if (!x.fit(s, y.count, unitCost)) break;
      x.addChange(rows, inputs, t);
      if (without) addTrits(t, without.y, without.scale * x.changeAlong(without.x));
      if (!y.fit(t, x.count, unitCost)) break;
    }
    const product = y.dot(t);
    const norm = x.mass * y.mass;
    const scale = norm > 0 ? product / norm : 0;
    return { x: x.trits, y: y.trits, scale, gain: scale * product };
  }

  /** The squared error that searches see: the diagonal of M only. */
  energyOf(residual: Residual): number {
    return sumOf(energies(residual.rows, this.metric.rowWeights, this.metric.columnWeights));
  }

  private random(index: number, attempt: number): Int8Array {
    const random = new Random(this.options.seed, 'decompose', index, attempt);
    return Int8Array.from(this.metric.columnWeights, () => {
      const u = random.float();
      return u < startDensity / 2 ? -1 : u < startDensity ? 1 : 0;
    });
  }

  /** The input channel with most of the residual. */
  private column({ columns }: Residual): Int8Array {
    const y = new Int8Array(this.metric.columnWeights.length);
    y[largest(energies(columns, this.metric.columnWeights, this.metric.rowWeights))] = 1;
    return y;
  }

  /** The best y for the filter with most of the residual. */
  private row({ rows, inputs }: Residual): Int8Array {
    const { rowWeights, columnWeights } = this.metric;
    const at = largest(energies(rows, rowWeights, columnWeights)) * inputs;
    const y = new TernaryVector(columnWeights);
    y.fit(rows.subarray(at, at + inputs), 1, this.options.unitCost);
    return y.trits;
  }
}

function addTrits(to: Float64Array, trits: Int8Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * trits[i]!;
}

/** The weighted sum of squares of each row of `matrix`. */
function energies(matrix: Float64Array, outer: Float64Array, inner: Float64Array): Float64Array {
  return outer.map((weight, i) => {
    let energy = 0;
    for (let j = 0, at = i * inner.length; j < inner.length; j++, at++) energy += inner[j]! * matrix[at]! * matrix[at]!;
    return weight * energy;
  });
}

const sumOf = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0);
const largest = (values: Float64Array) => values.reduce((best, v, i) => (v > values[best]! ? i : best), 0);
