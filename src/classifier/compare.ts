/** Before and after: the original's and the compressed file's accuracy on the same images, and where they disagree. */

import type { Dataset, Split } from '../data/index.ts';
import type { Graph } from '../ir/index.ts';
import { type EvaluateOptions, evaluateGraph } from './evaluate.ts';
import type { ClassifierData } from './open-data.ts';
import { compareEvaluations } from './paired.ts';
import type { Change, Interval } from './statistics.ts';
import type { Evaluation } from './tally.ts';

export interface Accuracy {
  /** Fractions in 0..1. */
  readonly top1: number;
  readonly top5: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly samples: number;
  /** Wilson's 95 % interval of `top1`; absent in records of earlier releases. */
  readonly interval?: Interval;
}

export interface Agreement {
  /** Share of images with the same prediction. */
  readonly share: number;
  /** Of the others, the first ones: index in the test split, label and both predictions. */
  readonly examples: readonly {
    readonly image: number;
    readonly label: number;
    readonly before: number;
    readonly after: number;
  }[];
}

/** An example of disagreement as a report shows it: pixels are 0..255, channel after channel. */
export interface ExampleImage {
  readonly pixels: Uint8Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Names of the true class and of both predictions. */
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

export interface Comparison {
  readonly accuracy: { readonly before: Accuracy; readonly after: Accuracy };
  readonly agreement: Agreement;
  /** Whether the accuracy changed by more than chance; absent in records of earlier releases. */
  readonly change?: Change;
}

const accuracyOf = ({ top1, top5, loss, samples, intervals }: Evaluation): Accuracy => ({
  ...{ top1, top5, loss, samples },
  interval: intervals.top1,
});

const maxExamples = 24;

/** A split that tells which of its images did not decode: predictions are of the others. */
export function watchReads(split: Split): { readonly split: Split; readonly failed: ReadonlySet<number> } {
  const failed = new Set<number>();
  const { length, labels, classCount, pixels, channels, height, width } = split;
  const watched: Split = {
    ...{ length, labels, classCount, channels, height, width },
    ...(pixels && { pixels }),
    describe: (index) => split.describe(index),
    read: async (index, window) => {
      try {
        return await split.read(index, window);
      } catch (error) {
        failed.add(index);
        throw error;
      }
    },
  };
  return { split: watched, failed };
}

/**
 * Evaluates both networks on the test images of `data`, the original first. `onProgress` counts the images of both.
 * Throws what `evaluateGraph` throws; AbortError after the signal.
 *
 * @example
 * import { compareModels, inferShapes, loadModel, openDataFor } from 'tritbank';
 *
 * const original = inferShapes(await loadModel('mobilenet.onnx'));
 * const compressed = inferShapes(await loadModel('small.onnx'));
 * const data = await openDataFor(original, { data: 'images' });
 * const { accuracy, agreement } = await compareModels(original, compressed, data);
 * console.log(accuracy.before.top1, accuracy.after.top1, agreement.share);
 */
export async function compareModels(
  original: Graph,
  compressed: Graph,
  { dataset, normalisation }: ClassifierData,
  options: EvaluateOptions = {},
): Promise<Comparison> {
  const { classes } = dataset;
  const { split: test, failed } = watchReads(dataset.test);
  const { onProgress, ...rest } = options;
  const run = (graph: Graph, before: number) =>
    evaluateGraph(graph, test, classes, normalisation, {
      ...rest,
      onProgress: (done) => onProgress?.(before + done, 2 * test.length),
    });
  const before = await run(original, 0);
  const after = await run(compressed, test.length);
  const seen = Array.from(test.labels.keys()).filter((image) => !failed.has(image));
  const differing = seen.flatMap((image, i) => {
    const [first, second] = [before.predictions[i]!, after.predictions[i]!];
    return first === second ? [] : [{ image, label: test.labels[image]!, before: first, after: second }];
  });
  const { gained, lost, p, isMoreThanChance, agreement } = compareEvaluations(before, after);
  return {
    change: { gained, lost, p, isMoreThanChance },
    accuracy: { before: accuracyOf(before), after: accuracyOf(after) },
    agreement: { share: agreement, examples: differing.slice(0, maxExamples) },
  };
}

/** The images of the examples, in the same order. */
export function readExamples({ examples }: Agreement, { test, classes }: Dataset): Promise<ExampleImage[]> {
  const nameOf = (index: number) => classes[index] ?? `${index}`;
  const images = examples.map(async ({ image, label, before, after }): Promise<ExampleImage> => {
    const { channels, height, width } = test;
    const names = { label: nameOf(label), before: nameOf(before), after: nameOf(after) };
    return { pixels: await test.read(image), channels, height, width, ...names };
  });
  return Promise.all(images);
}
