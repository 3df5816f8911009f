/** The arithmetic of one layer of a calibration: no more than numbers, so that another thread can do it. */

import { type BankPlan, type FilterBits, upTo } from '../../quantize/index.ts';
import { scaleToTrace } from '../statistics/pooled.ts';
import { shrinkageOfHalves } from '../statistics/shrinkage.ts';
import { type BankOptions, type FittedBank, fitBank } from './bank.ts';
import type { Evidence, Moments } from './moments.ts';
import type { LayerErrors } from './records.ts';
import { bestBias, dampen, filterErrors, refit, sumOf } from './refit.ts';
import { roundRows } from './round-rows.ts';

/** Without a damping, it is chosen by the evidence. */
export type UndampedOptions = Omit<BankOptions, 'metric'> & { readonly damping?: number };

export interface LayerTask {
  /** Weights [filters, inputs], and biases, none or [filters], that the layer has had. */
  readonly before: Float64Array;
  readonly biasBefore: Float64Array;
  /** For all filters together, or for each channel of a depthwise layer. */
  readonly evidence: readonly Evidence[];
  /** Of a layer behind a global pool: the covariance of what is averaged, [inputs, inputs]. */
  readonly pooled?: Float64Array;
  /** Of a layer that becomes a bank. */
  readonly bank?: { readonly plan: BankPlan; readonly options: UndampedOptions };
  /** Of a layer that becomes none: bits that its filters are stored in. */
  readonly rounding?: { readonly bits: readonly FilterBits[]; readonly damping?: number };
}

export interface FittedLayer {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly bank?: FittedBank;
  /** As in `CalibratedLayer`. */
  readonly ridge: number;
  readonly errors: LayerErrors;
}

/** Least damping, and the most, of a covariance that hardly says anything. */
const [leastDamping, mostDamping] = [0.01, 10];

/** What a shrunk covariance has on its diagonal beside it. */
function dampingOf({ halves: [a, b] }: Evidence): number {
  const share = shrinkageOfHalves(a.covariance, b.covariance, a.inputs);
  return Math.min(mostDamping, Math.max(leastDamping, share / (1 - Math.min(share, 0.99))));
}

/** Refits the weights, decomposes those of a bank, and finds the best biases. `onShare` hears of the regression, 0..1. */
export function fitLayer(
  { before, biasBefore, evidence, pooled, bank: wanted, rounding }: LayerTask,
  onShare?: (share: number) => void,
): FittedLayer {
  const refits = evidence.map((one, i) => {
    const { filters, inputs } = one.all;
    return refit(before.subarray(i * filters * inputs, (i + 1) * filters * inputs), one, onShare);
  });
  const fitted = join(refits.map(({ weights }) => weights));
  const damping = wanted?.options.damping ?? rounding?.damping ?? (wanted || rounding ? dampingOf(evidence[0]!) : 0);
  const { all: moments } = evidence[0]!;
  const metricOf = () => {
    const { inputs, covariance } = moments;
    return dampen({ inputs, covariance: pooled ? scaleToTrace(pooled, covariance, inputs) : covariance }, damping);
  };
  const bank = wanted && fitBank(fitted, moments, wanted.plan, { ...wanted.options, metric: metricOf() });
  const weights = bank?.weights ?? fitted.slice();
  if (rounding) roundRows(weights, moments, upTo(rounding.bits.length), rounding.bits, metricOf());
  const variance = evidence.reduce((sum, { all }) => sum + sumOf(all.variance), 0);
  const part = (error: number) => (variance > 0 ? error / variance : 0);
  const errorOf = (values: Float64Array) => part(sumOver(values, evidence, (w, m) => sumOf(filterErrors(w, m))));
  const shift = sumOver(before, evidence, (w, m, at) => {
    return sumOf(bestBias(w, m).map((b, i) => (b - (biasBefore[at + i] ?? 0)) ** 2));
  });
  return {
    weights,
    bias: join(evidence.map(({ all }, i) => bestBias(slice(weights, all, i), all))),
    ...(bank && { bank }),
    ridge: refits.reduce((sum, { strength }) => sum + strength / refits.length, 0),
    errors: {
      inherited: errorOf(before) + part(shift),
      refitted: errorOf(fitted),
      ...(bank && { decomposed: part(bank.decomposedError) }),
      final: errorOf(weights),
    },
  };
}

const slice = (values: Float64Array, { filters, inputs }: Moments, index: number) =>
  values.subarray(index * filters * inputs, (index + 1) * filters * inputs);

function sumOver(
  values: Float64Array,
  evidence: readonly Evidence[],
  f: (part: Float64Array, moments: Moments, firstFilter: number) => number,
): number {
  return evidence.reduce((sum, { all }, i) => sum + f(slice(values, all, i), all, i * all.filters), 0);
}

function join(parts: readonly Float64Array[]): Float64Array {
  const result = new Float64Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
