/**
 * Takes the mean of each channel out of tensors that lie between two layers with nothing else in between: hidden units of
 * filter banks, and linear bottlenecks. With m the means over images,
 *
 *   W2 (W1 x + b1) + b2 = W2 (W1 x + b1 - m) + (b2 + W2 m)
 *
 * so that 256 levels cover what the channels vary by, and not how far apart their means are. Columns of ternary weights
 * can have no scales, and the means of sums of inputs that are never negative lie far apart. In integer arithmetic each
 * row has a bias anyway, so this costs its four bytes in the file, and is left where it narrows the range by little.
 */

import { imageInputOf } from '../../../classifier/index.ts';
import type { Graph, Value } from '../../../ir/index.ts';
import { inferShapes, Linear } from '../../../passes/index.ts';
import type { Calibration } from '../options.ts';
import { calibrate } from './calibrate.ts';
import type { Histogram } from './histogram.ts';
import { bestRange } from './ranges.ts';
import { imagesOf } from './run-images.ts';

/** Images that tell means and ranges, unless a batch is larger. */
const mostImages = 32;

/** Of the range, the largest share left for which a bias of each channel is worth its bytes: errors fall by a third. */
const largestShare = 0.8;

/** The layers that read `value`, if one layer computes it and all of its readers see no border of zeros. */
function readersOf(value: Value): readonly Linear[] {
  if (!Linear.of(value.producer) || value.graph.outputs.includes(value)) return [];
  const readers = [...value.uses].map((node) => (node.inputs[0] === value ? Linear.of(node) : undefined));
  const found = readers.filter((linear) => linear?.isUnpadded === true) as readonly Linear[];
  return found.length === readers.length ? found : [];
}

/** True for a tensor whose channels may be shifted. */
export const isBetweenLayers = (value: Value): boolean => readersOf(value).length > 0;

/** Takes `means` out of a tensor for which there are readers, in place. */
export function shiftChannels(value: Value, means: Float64Array): void {
  const readers = readersOf(value);
  const writer = Linear.of(value.producer);
  if (!writer || readers.length === 0) throw new Error(`internal: '${value.name}' is not between layers`);
  writer.bias = writer.bias.map((b, c) => b - means[c]!);
  for (const reader of readers) {
    const shift = reader.response(means);
    reader.bias = reader.bias.map((b, f) => b + shift[f]!);
  }
}

const spanOf = (histogram: Histogram): number => {
  const { low, high } = bestRange(histogram.distribution());
  return high - low;
};

/** A model of one batch size takes whole batches. */
function fewOf({ graph }: Value, calibration: Calibration): number {
  const { batch = 0 } = imageInputOf(graph);
  return Math.min(Math.max(mostImages, batch), imagesOf(calibration));
}

/** How many images `centre` looks at, those that it looks at twice counted twice. */
export function imagesToCentre(values: readonly Value[], calibration: Calibration): number {
  const first = values.find(isBetweenLayers);
  return first ? 2 * fewOf(first, calibration) : 0;
}

/**
 * Rewrites `graph`, whose tensors `values` are, in place, where it pays; `onImages` is told how many images it has looked at.
 * Throws what `runImages` does.
 */
export async function centre(
  graph: Graph,
  values: readonly Value[],
  calibration: Calibration,
  onImages?: (done: number) => void,
): Promise<void> {
  const between = values.filter(isBetweenLayers);
  const [first] = between;
  if (!first) return;
  const images = fewOf(first, calibration);
  // what is wrong with an image is said when all of them are counted
  const { warn: _warn, ...quiet } = calibration;
  const fewFrom = (start: number) => ({
    ...quiet,
    images,
    onProgress: (done: number) => onImages?.(start + done),
  });
  const before = await calibrate(graph, between, fewFrom(0));
  const trial = graph.clone();
  for (const [{ name }, { means }] of before) shiftChannels(trial.value(name), means);
  const after = await calibrate(
    inferShapes(trial),
    between.map(({ name }) => trial.value(name)),
    fewFrom(images),
  );
  for (const [{ name }, histogram] of after) {
    const value = graph.value(name);
    const old = before.get(value)!;
    if (spanOf(histogram) < largestShare * spanOf(old)) shiftChannels(value, old.means);
  }
}
