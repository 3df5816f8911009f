/** A float network becomes one with 8-bit activations, from images that tell what they are like. */

import { type Graph, TritbankError } from '../../../ir/index.ts';
import { inferShapes, removeDead } from '../../../passes/index.ts';
import { keepOutputNames } from '../../../passes/replace.ts';
import type { BitsByNode } from '../../../quantize/index.ts';
import { takeTurn } from '../../../threads/turn.ts';
import { Emitter } from '../emitter.ts';
import type { Calibration, ExportForms } from '../options.ts';
import { absorbProducts } from './absorb.ts';
import { calibrate } from './calibrate.ts';
import { centre, imagesToCentre } from './centre.ts';
import { chooseTensors, isScore } from './choose.ts';
import { equalize } from './equalize.ts';
import { flattenHead } from './flatten-head.ts';
import { Quantization } from './insert.ts';
import type { Rounding } from './judge.ts';
import { bestRange, type Levels, levelsOf, pixelLevels, type TensorPlan } from './ranges.ts';
import { RowScales } from './row-scales.ts';
import { imagesOf } from './run-images.ts';
import { settleScales } from './settle-scales.ts';
import { storeIntegers } from './weights.ts';

export interface Quantized {
  /** Its nodes need no names. */
  readonly emitter: Emitter;
  /** What is rounded. */
  readonly rounding: Rounding;
}

/** Rewrites a normalized network in place. AbortError after the calibration's signal. */
export async function quantizeNetwork(
  graph: Graph,
  calibration: Calibration,
  forms: ExportForms,
  planned: BitsByNode,
): Promise<Quantized> {
  const rows = new RowScales(graph);
  keepOutputNames(graph, () => absorbProducts(graph, rows));
  flattenHead(graph, rows);
  const chosen = chooseTensors(graph);
  const [input] = graph.inputs;
  if (!input || chosen.length === 0) {
    const expected = 'expected layers that can be computed in 8 bits, found none';
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, expected);
  }
  const measured = chosen.filter((value) => value !== input);
  const [images, before] = [imagesOf(calibration), imagesToCentre(measured, calibration)];
  // those asked for, though some are looked at several times
  const report = (done: number) => calibration.onProgress?.(Math.floor((done * images) / (before + images)), images);
  await centre(graph, measured, calibration, report);
  const histograms = await calibrate(graph, measured, { ...calibration, onProgress: (done) => report(before + done) });
  const plans = new Map<string, TensorPlan>();
  const { signal } = calibration;
  const { mean, std } = calibration.normalisation;
  plans.set(input.name, { levels: pixelLevels(mean, std) });
  for (const [value, histogram] of histograms) {
    await takeTurn(signal);
    const distribution = histogram.distribution();
    // the largest scores decide
    const range = isScore(value) ? { low: distribution.min, high: distribution.max } : bestRange(distribution);
    plans.set(value.name, { levels: levelsOf(range), means: histogram.means });
  }
  for (const [name, plan] of await equalize(graph, histograms, rows, signal)) plans.set(name, plan);
  inferShapes(graph);
  settleScales(graph, plans);
  const float = graph.clone();
  const levels = new Map<string, Levels>();
  const to = new Emitter(graph);
  const quantization = new Quantization(graph, to);
  keepOutputNames(graph, () => {
    for (const value of chooseTensors(graph)) {
      const plan = plans.get(value.name)!;
      levels.set(value.name, plan.levels);
      quantization.quantize(value, plan);
    }
  });
  await storeIntegers(graph, to, rows, quantization, forms, planned, signal);
  removeDead(graph);
  inferShapes(graph);
  return { emitter: to, rounding: { graph: float, levels } };
}
