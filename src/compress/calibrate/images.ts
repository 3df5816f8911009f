/** Calibration images as a network's input. */

import { imageInputOf, type Normalisation, requireNormalisation } from '../../classifier/index.ts';
import { batches, type Split } from '../../data/index.ts';
import { type Graph, type Tensor, TritbankError } from '../../ir/index.ts';
import type { CalibrateOptions } from './records.ts';

/** Normalised images, in chunks of equal size, at least two; what would be left over at the end is not used. */
export async function readChunks(graph: Graph, split: Split, options: CalibrateOptions): Promise<Tensor[]> {
  const { images = 256, chunk = 16, seed = 0, warn } = options;
  const input = imageInputOf(graph);
  const { channels, batch } = input;
  const size = input.size ?? split;
  if (split.channels !== channels) {
    const message = `expected images of ${channels} channels, found ${split.channels}`;
    throw new TritbankError('E_DATA', split.length > 0 ? split.describe(0) : 'images', message);
  }
  const normalisation = requireNormalisation(graph, channels, options.normalisation);
  const count = Math.min(images, split.length);
  const rows = batch ?? Math.min(chunk, Math.floor(count / 2));
  if (rows < 1 || count < 2 * rows) {
    throw new TritbankError('E_DATA', 'images', `expected at least ${2 * Math.max(1, rows)}, found ${count}`);
  }
  const chunks: Tensor[] = [];
  const stream = batches(split, { batchSize: rows, shuffle: true, seed, size, ...(warn && { warn }) });
  for await (const { images: pixels, size: found } of stream) {
    if (found < rows) break;
    const dims = [rows, channels, size.height, size.width];
    const isRaw = input.dtype === 'uint8';
    chunks.push(isRaw ? { dtype: 'uint8', dims, data: pixels.slice() } : normalise(pixels, dims, normalisation));
    if (chunks.length === Math.floor(count / rows)) break;
  }
  return chunks;
}

function normalise(pixels: Uint8Array, dims: readonly number[], { mean, std }: Normalisation): Tensor {
  const [, channels, height, width] = dims as [number, number, number, number];
  const data = new Float32Array(pixels.length);
  for (let at = 0; at < data.length; at++) {
    const channel = Math.floor(at / (height * width)) % channels;
    data[at] = (pixels[at]! - mean[channel]!) / std[channel]!;
  }
  return { dtype: 'float32', dims, data };
}
