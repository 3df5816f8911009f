/**
 * Fits the unit costs by which `prepareProduct` chooses and latency is predicted: for each variant, the least times of
 * products of many shapes are explained by the counts of `countWork`, with non-negative costs and the least sum of
 * squared relative errors; for each other step those of `workOf`.
 */

import { runStep, whole } from '../../src/runtime/execute/run-step.ts';
import { shapeOf } from '../../src/runtime/kernels/variants/index.ts';
import { createWasmKernels } from '../../src/runtime/kernels/wasm.ts';
import { workOf } from '../../src/runtime/predict/step-work.ts';
import type { Contestant } from './measure.ts';
import { productContestant, variantsHere, weightsFor } from './ours.ts';
import { plainSteps } from './plain-steps.ts';
import { productsPerRun } from './tasks.ts';

/** [rows, columns, pixels], from the layers of MobileNets and beyond. */
const shapes = [
  [32, 64, 256],
  [128, 64, 256],
  [128, 128, 128],
  [256, 128, 196],
  [128, 256, 196],
  [256, 256, 64],
  [64, 512, 64],
  [512, 512, 49],
  [512, 256, 24],
  [100, 300, 8],
  [16, 27, 512],
  [160, 256, 196],
  [300, 64, 1],
  [64, 300, 1],
  [500, 500, 1],
  [500, 200, 3],
] as const;

export interface Calibration {
  readonly variant: string;
  /** Nanoseconds, in the order of `countWork`. */
  readonly unitCosts: readonly number[];
  /** Root of the mean squared relative error of the prediction. */
  readonly error: number;
}

/** Products first, then all other steps. */
export async function calibrate(milliseconds: number, onProgress: (line: string) => void): Promise<Calibration[]> {
  return [...(await calibrateProducts(milliseconds, onProgress)), ...(await calibratePlain(milliseconds, onProgress))];
}

async function calibratePlain(milliseconds: number, onProgress: (line: string) => void): Promise<Calibration[]> {
  const counts = new Map<string, number[][]>();
  for (const make of plainSteps(createWasmKernels)) {
    const [kernels, step] = await make();
    const work = workOf(step);
    if (!counts.has(work.kernel)) onProgress(work.kernel);
    const nanoseconds = leastTime({ name: work.kernel, run: () => runStep(kernels, step, whole) }, milliseconds);
    const rows = counts.get(work.kernel) ?? [];
    counts.set(work.kernel, [...rows, work.counts.map((count) => count / nanoseconds)]);
  }
  return [...counts].map(([variant, rows]) => ({ variant, ...fitOnes(rows) }));
}

async function calibrateProducts(milliseconds: number, onProgress: (line: string) => void): Promise<Calibration[]> {
  const results: Calibration[] = [];
  for (const variant of variantsHere) {
    onProgress(variant.name);
    const counts: number[][] = [];
    for (const [rows, columns, pixels] of shapes) {
      if (variant.name.includes('_vector_') && pixels > 8) continue;
      for (const density of variant.name.includes('_listed_') ? [0.05, 0.2, 0.5] : [0.5]) {
        const task = { kind: 'product', rows, columns, pixels, density } as const;
        const nanoseconds = leastTime(productContestant(await createWasmKernels(), variant, task), milliseconds);
        const work = variant.countWork(shapeOf(weightsFor(variant, task)), pixels);
        counts.push(work.map((count) => (count * productsPerRun) / nanoseconds));
      }
    }
    results.push({ variant: variant.name, ...fitOnes(counts) });
  }
  return results;
}

/** The least time of a run, in nanoseconds. */
function leastTime({ run }: Contestant, milliseconds: number): number {
  let least = Number.POSITIVE_INFINITY;
  const end = performance.now() + milliseconds;
  for (let now = performance.now(); now < end; ) {
    void run();
    const after = performance.now();
    least = Math.min(least, after - now);
    now = after;
  }
  return least * 1e6;
}

/** x >= 0 with least |A x - 1|, by coordinate descent. */
export function fitOnes(a: readonly (readonly number[])[]): { unitCosts: number[]; error: number } {
  const x = a[0]!.map(() => 0);
  const rest = a.map(() => 1);
  for (let round = 0; round < 20_000; round++) {
    for (let j = 0; j < x.length; j++) {
      let slope = 0;
      let norm = 1e-300;
      for (const [i, row] of a.entries()) {
        slope += row[j]! * rest[i]!;
        norm += row[j]! ** 2;
      }
      const next = Math.max(0, x[j]! + slope / norm);
      for (const [i, row] of a.entries()) rest[i] = rest[i]! - row[j]! * (next - x[j]!);
      x[j] = next;
    }
  }
  const squares = rest.reduce((sum, r) => sum + r * r, 0);
  return { unitCosts: x.map((cost) => Number(cost.toPrecision(3))), error: Math.sqrt(squares / a.length) };
}
