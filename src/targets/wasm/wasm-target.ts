/**
 * The runtime of this package as a target: WebAssembly with SIMD, on one thread. The uncompressed network is planned as
 * the runtime plans it, and its steps take what was fitted for their kernels; a layer that becomes a bank is three products
 * in place of one, each by the kernel that the runtime would choose. Times are those of the machine that costs were fitted
 * on: only their ratios are of use.
 */

import { type Graph, TritbankError } from '../../ir/index.ts';
import type { ElementType, PreparedProduct } from '../../runtime/kernels/kernels.ts';
import { findVariant } from '../../runtime/kernels/variants/index.ts';
import type { Step } from '../../runtime/plan/steps.ts';
import { planSteps, predictProduct, predictStep } from '../../runtime/predict/predict.ts';
import type { BankShape, PlanningTarget } from '../target.ts';

const milliseconds = (steps: readonly Step[]) => steps.reduce((sum, step) => sum + predictStep(step), 0) * 1e-6;

/** Predicted milliseconds of a network. E_SHAPE for open sizes, and what the runtime throws of networks that it cannot run. */
export const predictLatency = (graph: Graph, isRelaxed: boolean): number => milliseconds(planSteps(graph, isRelaxed));

/** A layer of the uncompressed network that is a product and can be a bank. */
interface Product {
  /** Its weights. */
  readonly matrix: PreparedProduct;
  readonly activations: ElementType;
  readonly pixels: number;
  /** Milliseconds of the whole layer, and of what brings pixels into the order of a product. */
  readonly whole: number;
  readonly patches: number;
  /** Whether filters of both kinds read the same patches. */
  readonly isShared: boolean;
}

function productOf(steps: readonly Step[]): Product | undefined {
  const products = steps.flatMap((step) => (step.run === 'product' ? [step] : []));
  const [first] = products;
  // those of several groups have weights of their own; bands of one product are other pixels
  if (!first || products.some(({ call }) => call.data !== first.call.data)) return undefined;
  return {
    matrix: first.prepared,
    activations: findVariant(first.prepared.variant).activations,
    pixels: products.reduce((sum, { call }) => sum + call.to - call.from, 0),
    whole: milliseconds(steps),
    patches: milliseconds(steps.filter(({ run }) => run === 'patches')),
    isShared: products.length === 1,
  };
}

/** E_USAGE for a bank without its number of non-zeros. */
function bankMilliseconds(product: Product, bank: BankShape, isRelaxed: boolean, where: string): number {
  const { matrix: whole, activations, pixels, patches, isShared } = product;
  const { columns } = whole;
  const { fullPrecision, ternary, hidden, nonZero } = bank;
  if (nonZero === undefined) {
    throw new TritbankError('E_USAGE', where, 'expected predicted non-zero weights, which kernels skip, found none');
  }
  const density = nonZero / (hidden * (columns + ternary));
  const trits = (rows: number, width: number) =>
    ({ kind: 'ternary', rows, columns: width, nonZeros: density * rows * width, bits: 2 }) as const;
  const matrices = [
    ...(fullPrecision > 0 ? [{ ...whole, rows: fullPrecision, nonZeros: fullPrecision * columns }] : []),
    trits(hidden, columns),
    trits(ternary, hidden),
  ];
  const nanoseconds = matrices.reduce(
    (sum, matrix) => sum + predictProduct(matrix, activations, { pixels, isRelaxed }),
    0,
  );
  return nanoseconds * 1e-6 + patches * (isShared || fullPrecision === 0 ? 1 : 2);
}

/** The target for `control`, the uncompressed network in 8 bits; errors are those of `predictLatency`. */
export function wasmTarget(name: string, control: Graph, isRelaxed: boolean): PlanningTarget {
  const steps = planSteps(control, isRelaxed);
  const layers = new Map<string, Step[]>();
  for (const step of steps) layers.set(step.name, [...(layers.get(step.name) ?? []), step]);
  const cost = (layer: string, bank?: BankShape): readonly number[] => {
    const where = `layer '${layer}'`;
    const product = productOf(layers.get(layer) ?? []);
    if (!product) throw new TritbankError('E_UNSUPPORTED', where, 'expected a product of one group, found none');
    return [bank ? bankMilliseconds(product, bank, isRelaxed, where) : product.whole];
  };
  const whole = milliseconds(steps);
  return {
    name,
    resources: [{ name: 'latency', limit: 'latency' }],
    cost,
    whole: [whole],
    totals: (banks) => ({
      latency: [...banks].reduce((sum, [layer, bank]) => sum + cost(layer, bank)[0]! - cost(layer)[0]!, whole),
    }),
  };
}
