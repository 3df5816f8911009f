/**
 * What counts as a multiplication and as an addition. The operations of a graph are facts; which of them a published
 * figure has in it is a convention, and Table I of Gope et al. (arXiv 1911.01028) has one of its own.
 */

import type { Arithmetic, Conventions, OperationCounts } from './records.ts';

/**
 * As the paper counts: every ternary weight is an addition, whether or not it is zero; a bias is an addition per output;
 * scales behind ternary filters, pools, activations and residual connections are left out.
 */
export const paperConventions: Conventions = {
  ternary: 'dense',
  biases: 'added',
  outputScales: 'left-out',
  elementwise: 'left-out',
};

export const noCounts: OperationCounts = {
  macs: 0,
  ternary: 0,
  ternaryNonZero: 0,
  biases: 0,
  scales: 0,
  outputScales: 0,
  elementwiseMultiplications: 0,
  elementwiseAdditions: 0,
  comparisons: 0,
  functions: 0,
};

/** Sums, kind by kind. */
export function addCounts(all: Iterable<OperationCounts>): OperationCounts {
  const total: { -readonly [K in keyof OperationCounts]: number } = { ...noCounts };
  for (const counts of all) {
    for (const key of Object.keys(total) as (keyof OperationCounts)[]) total[key] += counts[key];
  }
  return total;
}

/**
 * The operations that count, of those that there are, per inference. Comparisons, where they count, are additions: a
 * comparator is a subtractor. Functions never count.
 *
 * @example
 * import { applyConventions, loadModel, measureCost, paperConventions } from 'tritbank';
 *
 * const { counts } = measureCost(await loadModel('mobilenet.onnx'));
 * const { additions } = applyConventions(counts, { ...paperConventions, elementwise: 'counted' });
 */
export function applyConventions(counts: OperationCounts, conventions: Conventions): Arithmetic {
  const { ternary, biases, outputScales, elementwise } = conventions;
  let products = counts.scales;
  let additions = ternary === 'dense' ? counts.ternary : counts.ternaryNonZero;
  if (biases === 'added') additions += counts.biases;
  if (outputScales === 'counted') products += counts.outputScales;
  if (elementwise === 'counted') {
    products += counts.elementwiseMultiplications;
    additions += counts.elementwiseAdditions + counts.comparisons;
  }
  const { macs } = counts;
  return { macs, products, multiplications: macs + products, additions, additionsWithMacs: macs + additions };
}

/**
 * Sums of arithmetic, kind by kind.
 *
 * @example
 * import { addArithmetic, measureCost } from 'tritbank/cost';
 * import { loadModel } from 'tritbank/graph';
 *
 * const { layers } = measureCost(await loadModel('mobilenet.onnx'));
 * const { macs } = addArithmetic(layers.filter((layer) => layer.kind === 'pointwise'));
 */
export function addArithmetic(all: readonly Arithmetic[]): Arithmetic {
  const sum = (key: keyof Arithmetic) => all.reduce((total, one) => total + one[key], 0);
  return {
    macs: sum('macs'),
    products: sum('products'),
    multiplications: sum('multiplications'),
    additions: sum('additions'),
    additionsWithMacs: sum('additionsWithMacs'),
  };
}
