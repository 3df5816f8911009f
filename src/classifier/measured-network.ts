/** A network made ready to be measured: pixels in, a fixed batch, its scores as the one output. */

import type { Split } from '../data/index.ts';
import type { Size } from '../images/size.ts';
import { elementCount, type Graph, TritbankError } from '../ir/index.ts';
import { inferShapes, removeDead } from '../passes/index.ts';
import { imageInputOf, setInputSize } from './input.ts';
import { type Normalisation, requireNormalisation, takePixels } from './normalisation.ts';
import { logitsOf } from './scores.ts';

/** Images in a batch, where nobody says. */
const usualBatch = 16;
/** A smaller batch is taken where the values of all nodes would need more bytes than this. */
const activationBytes = 2 ** 28;

export interface Schedule {
  readonly batchSize: number;
  readonly steps: number;
}

/** Images as the network takes them. */
export interface ImageSource {
  readonly size: Size;
  readonly normalisation: Normalisation;
}

/** E_MODEL for what is no network of images or does not tell its normalisation, E_DATA for other images. */
export function chooseImages(network: Graph, split: Split, given: Normalisation | undefined): ImageSource {
  const { channels, size = { height: split.height, width: split.width } } = imageInputOf(network);
  if (split.channels !== channels) {
    const message = `expected ${channels} channels for this model, found ${split.channels}`;
    throw new TritbankError('E_DATA', `graph '${network.name}'`, message);
  }
  return { size, normalisation: requireNormalisation(network, channels, given) };
}

/** A copy of `network` for batches of `batchSize` images, whose one output are the scores. */
export function prepare(network: Graph, { size, normalisation }: ImageSource, batchSize: number): Graph {
  const graph = network.clone();
  graph.outputs = [logitsOf(graph)];
  removeDead(graph);
  setInputSize(graph, size, batchSize);
  takePixels(graph, batchSize, normalisation);
  return inferShapes(graph);
}

/** Batches of equal size, not above the one asked for, for `images` images or a few less. */
export function schedule(network: Graph, source: ImageSource, images: number, wanted: number | undefined): Schedule {
  const [fixed] = network.inputs[0]!.shape;
  if (typeof fixed === 'number') {
    const steps = Math.floor(images / fixed);
    if (steps > 0) return { batchSize: fixed, steps };
    const message = `expected at least one batch of ${fixed} images for this model, found ${images}`;
    throw new TritbankError('E_DATA', `graph '${network.name}'`, message);
  }
  const steps = Math.ceil(images / (wanted ?? affordableBatch(prepare(network, source, 1))));
  return { batchSize: Math.floor(images / steps), steps };
}

function affordableBatch(single: Graph): number {
  let elements = 0;
  for (const node of single.nodes) {
    for (const output of node.outputs) if (output?.type?.shape) elements += elementCount(output.dims);
  }
  return Math.min(usualBatch, Math.max(1, Math.floor(activationBytes / (4 * elements))));
}
