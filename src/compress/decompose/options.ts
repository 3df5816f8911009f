/** What a decomposition is asked for, and its checks: options to a problem in plain numbers. */

import { TritbankError } from '../../ir/index.ts';
import { type Metric, rowErrors, weighInputs } from './metric.ts';
import type { Start } from './search.ts';

export interface DecomposeOptions {
  /** Hidden units r, at least 1. */
  readonly width: number;
  /** The layer's name, for errors. */
  readonly name?: string;
  /** Widths up to `width` at which to report residuals too (`profile`). Default: none. */
  readonly widths?: readonly number[];
  /** Weight of each input channel's squared error: its variance or second moment. Default: the covariance's diagonal, or 1. */
  readonly columnWeights?: Float64Array;
  /**
   * Approximate filters whose outputs all vary alike, each by a scale of its own: W ~ diag(s) Wc diag(a) Wb. Errors are
   * those of the filters as they are. Default: s is 1.
   */
  readonly scaleFilters?: boolean;
  /** Weight of each filter's squared error. Default 1. */
  readonly rowWeights?: Float64Array;
  /**
   * Second moments of the inputs, [inputs, inputs], symmetric: errors are then those of the layer's outputs. Terms are
   * searched under `columnWeights`; scales and improvement take all of it.
   */
  readonly covariance?: Float64Array;
  /** Default `dense`, which has the smallest error at a given width; `column` and `row` give sparser factors. */
  readonly start?: Start;
  /** Random starts per term, of which the best is taken. Default 1. */
  readonly starts?: number;
  /**
   * Above 0, terms have fewer non-zeros, and the decomposition a larger error at the same width, but a smaller one for the
   * same number of additions: terms are chosen by what they gain per (1 + sparsity x density), density being the share of
   * non-zeros in both vectors together. Default 0: by what they gain.
   */
  readonly sparsity?: number;
  /** At most this many alternations per search. Default 40; most searches end before. */
  readonly alternations?: number;
  /** All terms are searched again when the width has grown by this factor, above 1. Infinite: never. Default 1.1. */
  readonly growth?: number;
  /** Rounds of improvement at the end. Default 1. */
  readonly rounds?: number;
  /** Of the random starts. Default 0. */
  readonly seed?: number;
}

/** The weights to approximate, and how errors count. */
export interface Problem {
  /** W, [filters, inputs], each row divided by its filter's scale. */
  readonly weights: Float64Array;
  /** s, [filters]. */
  readonly filterScales: Float64Array;
  readonly metric: Metric;
  /** W M, for the metric's matrix M. */
  readonly target: Float64Array;
}

const isCount = (v: number) => Number.isSafeInteger(v) && v >= 1;

/** Throws E_SHAPE, E_USAGE, or E_MODEL for weights that are not finite. */
export function poseProblem(
  weights: Float32Array | Float64Array,
  filters: number,
  inputs: number,
  options: DecomposeOptions,
): Problem {
  const where = options.name === undefined ? 'decompose' : `layer '${options.name}'`;
  const fail = (detail: string): never => {
    throw new TritbankError('E_USAGE', where, detail);
  };
  if (!isCount(filters) || !isCount(inputs) || weights.length !== filters * inputs) {
    const message = `expected weights of ${filters} filters x ${inputs} inputs, found ${weights.length} numbers`;
    throw new TritbankError('E_SHAPE', where, message);
  }
  const bad = weights.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) {
    const place = `filter ${Math.floor(bad / inputs)}, input ${bad % inputs}`;
    throw new TritbankError('E_MODEL', where, `expected finite weights, found ${weights[bad]} at ${place}`);
  }

  const { width, widths = [], starts = 1, alternations = 1, sparsity = 0, growth = 2, rounds = 0, seed = 0 } = options;
  if (!isCount(width)) fail(`expected a width of at least 1, found ${width}`);
  const strange = widths.find((w) => !isCount(w) || w > width);
  if (strange !== undefined) fail(`expected widths from 1 to ${width}, found ${strange}`);
  if (!isCount(starts)) fail(`expected at least 1 start, found ${starts}`);
  if (!isCount(alternations)) fail(`expected at least 1 alternation, found ${alternations}`);
  if (!(sparsity >= 0 && sparsity < Number.POSITIVE_INFINITY))
    fail(`expected a sparsity of 0 or more, found ${sparsity}`);
  if (!(growth > 1)) fail(`expected a growth above 1, found ${growth}`);
  if (!Number.isSafeInteger(rounds) || rounds < 0) fail(`expected 0 or more rounds, found ${rounds}`);
  if (!Number.isSafeInteger(seed)) fail(`expected an integer seed, found ${seed}`);

  const check = (name: string, values: Float64Array, length: number, least: number) => {
    if (values.length !== length) fail(`expected ${length} ${name}, found ${values.length}`);
    const odd = values.find((v) => !(v >= least && Number.isFinite(v)));
    if (odd !== undefined) fail(`expected finite ${name}${least === 0 ? ' of 0 or more' : ''}, found ${odd}`);
  };
  const { covariance } = options;
  if (covariance) check('covariances', covariance, inputs * inputs, Number.NEGATIVE_INFINITY);
  const columnWeights = options.columnWeights ?? diagonal(covariance, inputs);
  check('column weights', columnWeights, inputs, 0);
  const rowWeights = options.rowWeights ?? new Float64Array(filters).fill(1);
  check('row weights', rowWeights, filters, 0);
  const asked: Metric = { rowWeights, columnWeights, covariance };
  const doubles = Float64Array.from(weights);
  if (!options.scaleFilters) {
    const filterScales = new Float64Array(filters).fill(1);
    return { weights: doubles, filterScales, metric: asked, target: weighInputs(asked, doubles) };
  }
  const filterScales = rowErrors(asked, doubles).map((energy) => (energy > 0 ? Math.sqrt(energy) : 1));
  const metric = { ...asked, rowWeights: rowWeights.map((weight, f) => weight * filterScales[f]! ** 2) };
  const scaled = doubles.map((w, at) => w / filterScales[Math.floor(at / inputs)]!);
  return { weights: scaled, filterScales, metric, target: weighInputs(metric, scaled) };
}

function diagonal(covariance: Float64Array | undefined, inputs: number): Float64Array {
  if (!covariance) return new Float64Array(inputs).fill(1);
  return Float64Array.from({ length: inputs }, (_, j) => covariance[j * inputs + j]!);
}
