/** What a network takes on one thread, without running it. */

import { type Graph, TritbankError } from '../../ir/index.ts';
import { fixedDims } from '../feeds.ts';
import type { ElementType } from '../kernels/kernels.ts';
import { chooseVariant } from '../kernels/prepare.ts';
import { findVariant, type MatrixShape, predictCost, type Variant } from '../kernels/variants/index.ts';
import { depthwiseScratch } from '../kernels/wasm/depthwise-scratch.ts';
import { lower } from '../lower/lower.ts';
import { planExecution } from '../plan/plan.ts';
import type { Step } from '../plan/steps.ts';
import { prepareGraph } from '../prepare-graph.ts';
import { workOf } from './step-work.ts';
import { costsOf } from './unit-costs.ts';

/** Nanoseconds of one product by the kernel that the runtime would choose. */
export function predictProduct(
  matrix: MatrixShape,
  activations: ElementType,
  { pixels, isRelaxed }: { readonly pixels: number; readonly isRelaxed: boolean },
): number {
  const isWanted = (variant: Variant) => isRelaxed || !variant.isRelaxed;
  return chooseVariant(matrix, activations, pixels, isWanted)!.cost;
}

/** Nanoseconds of one step on the machine that unit costs were fitted on. */
export function predictStep(step: Step): number {
  if (step.run === 'product') {
    const { prepared, call } = step;
    return predictCost(findVariant(prepared.variant), prepared, call.to - call.from);
  }
  const { kernel, counts } = workOf(step);
  const costs = costsOf(kernel);
  return counts.reduce((sum, count, i) => sum + count * costs[i]!, 0);
}

/**
 * The steps of a network as it would run, for one image, with relaxed SIMD or without. E_SHAPE where other sizes than
 * that of the batch are open, and what `InferenceSession.create` throws of graphs.
 */
export function planSteps(graph: Graph, isRelaxed: boolean): readonly Step[] {
  const own = prepareGraph(graph.clone());
  const dims = fixedDims(own.inputs);
  if (!dims) throw new TritbankError('E_SHAPE', 'inputs', 'expected fixed sizes, found open ones');
  const kernels = { name: isRelaxed ? 'relaxed-simd' : 'simd', depthwiseScratch } as const;
  return planExecution(lower(own, dims), { threads: 1, reserved: 0, kernels }).steps;
}
