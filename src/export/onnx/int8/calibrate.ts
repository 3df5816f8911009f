/** The distributions of a network's tensors over images: the float network is run, and their values are counted. */

import type { Graph, Value } from '../../../ir/index.ts';
import type { Calibration } from '../options.ts';
import { Histogram } from './histogram.ts';
import { runImages } from './run-images.ts';

/** Images at a time: all tensors that are counted come back from the runtime. */
const batchSize = 8;

/** Throws what `runImages` does. */
export async function calibrate(
  network: Graph,
  values: readonly Value[],
  calibration: Calibration,
): Promise<Map<Value, Histogram>> {
  const { onProgress } = calibration;
  let histograms: Histogram[] | undefined;
  await runImages(network, calibration, {
    batchSize,
    outputs: (graph) => values.map((value) => graph.value(value.name)),
    onBatch: (results, outputs) => {
      histograms ??= outputs.map((value) => new Histogram(value.dims[1]!));
      for (const [i, { name }] of outputs.entries()) histograms[i]!.add(results[name]!);
    },
    ...(onProgress && { onProgress }),
  });
  return new Map(values.map((value, i) => [value, histograms![i]!]));
}
