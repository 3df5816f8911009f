/** A planned bank of the network on the bench, decomposed, to be looked at. */

import { decompose } from '#toolkit/compress/decompose/decompose.ts';
import { TritbankError } from '#toolkit/ir/index.ts';
import {
  fanIn,
  findLayers,
  isBank,
  type LayerPlan,
  otherFilters,
  pickRows,
  weightRows,
} from '#toolkit/quantize/index.ts';
import type { Bench } from './bench.ts';

export interface PlannedBank {
  /** Ternary filters, hidden units, and weights of a filter. */
  readonly ternary: number;
  readonly hidden: number;
  readonly inputs: number;
  readonly wb: Int8Array;
  readonly wc: Int8Array;
  /** Shares of zeros. */
  readonly zeros: { readonly wb: number; readonly wc: number };
  /** Filters that a hidden unit serves, on average. */
  readonly reuse: number;
  /** By non-zero trits, for one position. */
  readonly additions: number;
  /** Squared, relative to the energy of the weights. */
  readonly error: number;
}

const nonZero = (values: Int8Array) => values.reduce((sum, trit) => sum + (trit === 0 ? 0 : 1), 0);

export function bankOf({ network }: Bench, name: string, plan: LayerPlan): PlannedBank {
  const layer = findLayers(network).find((one) => one.name === name);
  if (!layer || !isBank(plan))
    throw new TritbankError('E_USAGE', `layer '${name}'`, 'expected a planned bank, found none');
  const inputs = fanIn(layer);
  const rows = otherFilters(layer.filters, plan.fullPrecision);
  const { hidden } = plan;
  const options = { width: hidden, growth: 1.5, rounds: 0, seed: 1, sparsity: plan.sparsity ?? 0, scaleFilters: true };
  const { wb, wc, error } = decompose(pickRows(weightRows(layer), inputs, rows), rows.length, inputs, options);
  const [inWb, inWc] = [nonZero(wb), nonZero(wc)];
  return {
    ...{ ternary: rows.length, hidden, inputs, wb, wc, error },
    zeros: { wb: 1 - inWb / wb.length, wc: 1 - inWc / wc.length },
    reuse: inWc / hidden,
    additions: inWb + inWc,
  };
}
