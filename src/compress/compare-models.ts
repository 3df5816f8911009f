/** Before and after: the original's and the compressed file's accuracy on the same images, and where they disagree. */

import type { Split } from '../data/index.ts';
import type { Graph } from '../ir/index.ts';
import { openDataFor } from '../train/fine-tune-data.ts';
import { type Evaluation, evaluateGraph, type RunData } from '../train/index.ts';
import type { CompressConfig, CompressOptions } from './compress-config.ts';

export interface Accuracy {
  /** Fractions in 0..1. */
  readonly top1: number;
  readonly top5: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly samples: number;
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
  /** The images of `agreement.examples`, in the same order. */
  readonly images: readonly ExampleImage[];
}

/** The data set as fine-tuning sees it. */
export function openData(
  graph: Graph,
  config: CompressConfig,
  options: Pick<CompressOptions, 'out' | 'warn'>,
): Promise<RunData> {
  const { data, dataDir, seed, training } = config;
  return openDataFor(graph, { ...training, seed, data: data!, ...(dataDir !== undefined && { dataDir }) }, options);
}

const accuracyOf = ({ top1, top5, loss, samples }: Evaluation): Accuracy => ({ top1, top5, loss, samples });

const maxExamples = 24;

/** A split that tells which of its images did not decode: predictions are of the others. */
function watchReads(split: Split): { readonly split: Split; readonly failed: ReadonlySet<number> } {
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

/** Evaluates both networks on the test images, the original first. `onProgress` counts the images of both. */
export async function compareModels(
  original: Graph,
  compressed: Graph,
  config: CompressConfig,
  options: CompressOptions,
  onProgress: (done: number, total: number) => void,
): Promise<Comparison> {
  const { dataset, normalisation } = await openData(original, config, options);
  const { classes } = dataset;
  const { split: test, failed } = watchReads(dataset.test);
  const threads = config.threads === undefined ? {} : { threads: config.threads };
  const run = (graph: Graph, before: number) =>
    evaluateGraph(graph, test, classes, normalisation, {
      ...threads,
      onProgress: (done, total) => onProgress(before + done, 2 * total),
      ...(options.warn && { warn: options.warn }),
    });
  const before = await run(original, 0);
  options.signal?.throwIfAborted();
  const after = await run(compressed, test.length);
  const seen = Array.from(test.labels.keys()).filter((image) => !failed.has(image));
  const differing = seen.flatMap((image, i) => {
    const [first, second] = [before.predictions[i]!, after.predictions[i]!];
    return first === second ? [] : [{ image, label: test.labels[image]!, before: first, after: second }];
  });
  const examples = differing.slice(0, maxExamples);
  const nameOf = (index: number) => classes[index] ?? `${index}`;
  const images = examples.map(async (example): Promise<ExampleImage> => {
    const { channels, height, width } = test;
    const [label, first, second] = [example.label, example.before, example.after].map(nameOf);
    const pixels = await test.read(example.image);
    return { pixels, channels, height, width, label: label!, before: first!, after: second! };
  });
  return {
    accuracy: { before: accuracyOf(before), after: accuracyOf(after) },
    agreement: { share: seen.length > 0 ? 1 - differing.length / seen.length : 1, examples },
    images: await Promise.all(images),
  };
}
