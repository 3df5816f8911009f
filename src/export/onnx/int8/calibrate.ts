/** The distributions of a network's tensors over images: the float network is run, and their values are counted. */

import { imageInputOf, prepare, schedule } from '../../../classifier/index.ts';
import { batches } from '../../../data/index.ts';
import { compile } from '../../../engine/index.ts';
import { AbortError, type Graph, type Tensor, TritbankError, type Value } from '../../../ir/index.ts';
import type { Calibration } from '../options.ts';
import { Histogram } from './histogram.ts';

const defaultImages = 256;
/** Images at a time: all tensors that are counted come back from the runtime. */
const largestBatch = 8;

/** E_MODEL for a model of something else than images, E_DATA for images that it does not take. */
export async function calibrate(
  network: Graph,
  values: readonly Value[],
  calibration: Calibration,
): Promise<Map<Value, Histogram>> {
  const { split, normalisation, seed = 0, threads, warn, signal } = calibration;
  const { channels, size = split.height } = imageInputOf(network);
  if (split.channels !== channels || split.length === 0) {
    const found = split.length === 0 ? 'none' : `${split.channels}`;
    throw new TritbankError('E_DATA', 'calibration', `expected images of ${channels} channels, found ${found}`);
  }
  const source = { size, normalisation };
  const images = Math.min(calibration.images ?? defaultImages, split.length);
  const { batchSize, steps } = schedule(network, source, images, Math.min(largestBatch, images));
  const graph = prepare(network, source, batchSize);
  graph.outputs = values.map((value) => graph.value(value.name));
  const histograms = graph.outputs.map((value) => new Histogram(value.dims[1]!));
  const engine = await compile(graph, threads === undefined ? {} : { threads });
  try {
    const stream = batches(split, { batchSize, size, seed, shuffle: true, dropLast: true, ...(warn && { warn }) });
    for await (const batch of stream) {
      if (signal?.aborted)
        throw new AbortError(`stopped after ${batch.step * batchSize} of ${batchSize * steps} images`);
      const dims = [batchSize, channels, size, size];
      const pixels: Tensor = { dtype: 'uint8', dims, data: batch.images };
      const results = await engine.run({ images: pixels });
      for (const [i, { name }] of graph.outputs.entries()) histograms[i]!.add(results[name]!);
      calibration.onProgress?.((batch.step + 1) * batchSize, batchSize * steps);
      if (batch.step + 1 === steps) break;
    }
  } finally {
    await engine.release();
  }
  return new Map(values.map((value, i) => [value, histograms[i]!]));
}
