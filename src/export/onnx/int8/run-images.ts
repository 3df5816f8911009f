/** A network over the images of a calibration, batch by batch. */

import { imageInputOf, prepare, schedule } from '../../../classifier/index.ts';
import { batches } from '../../../data/index.ts';
import { compile } from '../../../engine/index.ts';
import { AbortError, type Graph, type Tensor, TritbankError, type Value } from '../../../ir/index.ts';
import type { Calibration } from '../options.ts';

const defaultImages = 256;

export interface ImageRun {
  /** What comes back, chosen in the network as it is run; default: its scores. */
  readonly outputs?: (graph: Graph) => readonly Value[];
  /** At most so many images; default: those of the calibration. */
  readonly images?: number;
  /** Images at a time at most. */
  readonly batchSize: number;
  readonly onBatch: (results: Readonly<Record<string, Tensor>>, outputs: readonly Value[]) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

/** How many images a run is over. */
export const imagesOf = ({ images = defaultImages, split }: Calibration): number => Math.min(images, split.length);

/**
 * The same images in the same order whatever the network: those that the seed draws. E_MODEL for a model of something
 * else than images, E_DATA for images that it does not take, AbortError after the signal.
 */
export async function runImages(network: Graph, calibration: Calibration, run: ImageRun): Promise<void> {
  const { split, normalisation, seed = 0, threads, warn, signal } = calibration;
  const { channels, size = { height: split.height, width: split.width } } = imageInputOf(network);
  if (split.channels !== channels || split.length === 0) {
    const found = split.length === 0 ? 'none' : `${split.channels}`;
    throw new TritbankError('E_DATA', 'calibration', `expected images of ${channels} channels, found ${found}`);
  }
  const source = { size, normalisation };
  const images = imagesOf({ ...calibration, ...(run.images !== undefined && { images: run.images }) });
  const { batchSize, steps } = schedule(network, source, images, Math.min(run.batchSize, images));
  const graph = prepare(network, source, batchSize);
  if (run.outputs) graph.outputs = [...run.outputs(graph)];
  const engine = await compile(graph, threads === undefined ? {} : { threads });
  try {
    const stream = batches(split, { batchSize, size, seed, shuffle: true, dropLast: true, ...(warn && { warn }) });
    for await (const batch of stream) {
      if (signal?.aborted) {
        throw new AbortError(`stopped after ${batch.step * batchSize} of ${batchSize * steps} images`);
      }
      const dims = [batchSize, channels, size.height, size.width];
      run.onBatch(await engine.run({ images: { dtype: 'uint8', dims, data: batch.images } }), graph.outputs);
      run.onProgress?.((batch.step + 1) * batchSize, batchSize * steps);
      if (batch.step + 1 === steps) break;
    }
  } finally {
    await engine.release();
  }
}
