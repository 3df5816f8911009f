/** The control that compressed networks are compared with: the uncompressed one in int8, by the same code. */

import { join } from 'node:path';
import type { RunResult } from '../train/records.ts';

/** The epochs and images of a run's data that the control is calibrated and evaluated on. */
export interface ControlSetting {
  readonly data: string;
  readonly seed: number;
  /** Where `int8.onnx` goes. */
  readonly out: string;
  readonly warn?: (line: string) => void;
}

const images = 256;

/**
 * A trained network in full precision with 8-bit weights and activations, as a row beside it: no training of its own.
 * Size, energy and throughput are counted as those of the other rows, in the accelerator's int8 format.
 */
export async function makeControl(run: RunResult, { data, seed, out, warn }: ControlSetting): Promise<RunResult> {
  const [classifier, cost, { exportOnnx }, { loadModel, saveModel }, { inferShapes }] = await Promise.all([
    import('../classifier/index.ts'),
    import('../cost/index.ts'),
    import('../export/index.ts'),
    import('../onnx/index.ts'),
    import('../passes/index.ts'),
  ]);
  const graph = inferShapes(await loadModel(run.model));
  const listening = warn ? { warn } : {};
  const { dataset, normalisation } = await classifier.openDataFor(graph, { data }, listening);
  const calibration = { split: classifier.imagesToMeasure(dataset), normalisation, images, seed, ...listening };
  const model = join(out, 'int8.onnx');
  await saveModel(await exportOnnx(graph, { activations: 'int8', calibration }), model);
  const stored = inferShapes(await loadModel(model));
  const { classes } = dataset;
  const evaluation = await classifier.evaluateGraph(stored, dataset.test, classes, normalisation, listening);
  const [before, after] = [
    cost.measureCost(graph, { scheme: 'fp' }),
    cost.measureCost(graph, { scheme: 'int8', format: 'int8' }),
  ];
  const { top1, top5, loss, confusion, skipped } = evaluation;
  return {
    ...run,
    name: 'full precision, int8',
    ...{ top1, top5, loss, confusion, skipped, model },
    bytes: after.bytes,
    energy: after.energy / before.energy,
    throughput: before.areaTime / after.areaTime,
    epochs: 0,
    seconds: 0,
    imagesPerSecond: Number.NaN,
    history: [],
    layers: [],
    samples: [],
  };
}
