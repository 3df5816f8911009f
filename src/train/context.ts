/** What the parts of a run share, and where its records go. */

import type { ClassifierData } from '../classifier/index.ts';
import type { Communicator } from '../cluster/index.ts';
import type { Dataset, Split } from '../data/index.ts';
import { appendLine } from '../files/index.ts';
import type { QuantizedNetwork } from '../quantize/index.ts';
import type { Recipe } from './config.ts';
import type { Distillation } from './loss.ts';
import type { EpochRecord, Method } from './records.ts';
import type { Teacher } from './teacher.ts';
import type { EventFile } from './tensorboard.ts';

export interface TrainProgress {
  readonly kind: 'phase' | 'images' | 'evaluate' | 'epoch-end' | 'note';
  readonly phase: EpochRecord['phase'];
  /** Counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Images done of this epoch (or of this evaluation). */
  readonly done: number;
  readonly total: number;
  readonly loss?: number;
  readonly top1?: number;
  readonly message?: string;
  readonly record?: EpochRecord;
}

export interface RunOptions {
  /** Run directory; created when absent. */
  readonly out: string;
  /** Go on from the checkpoint in `out`, if there is one. */
  readonly resume?: boolean;
  /** Replace an earlier run in `out`, and other files under the names of a run's; default: E_USAGE where there are any. */
  readonly force?: boolean;
  /** Files that are read besides data and teachers; a run that would replace one is refused. */
  readonly inputs?: readonly string[];
  /** The other ranks, which train together with this one, see `joinRanks`. Rank 0 writes into `out`. */
  readonly ranks?: Communicator;
  /** Aborting writes a checkpoint and rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
  /** The command line, for the records. */
  readonly command?: string;
  readonly onProgress?: (event: TrainProgress) => void;
  readonly warn?: (line: string) => void;
}

/** Images and how they are fed. */
export interface RunData extends ClassifierData {
  /** The training images in use; `dataset.test` is what is evaluated. */
  readonly train: Split;
  /** Evaluated after each epoch; the test images where there is none. */
  readonly validation?: Split;
}

/** Everything that stays the same during a run. */
export interface RunContext extends RunData {
  readonly recipe: Recipe;
  readonly options: RunOptions;
  /** For people: name, width, input size, first stride. */
  readonly architecture: string;
  readonly method: Method;
  /** The teacher and its part in the loss. */
  readonly distillation: { readonly teacher: Teacher; readonly loss: Distillation } | undefined;
  readonly quantized: QuantizedNetwork;
  /** Names of the new head's parameters, of a network with one. */
  readonly head?: ReadonlySet<string>;
  /** Learning rate of the phase `head`. */
  readonly headRate?: number | undefined;
  readonly files: { readonly checkpoint: string; readonly metrics: string; readonly best: string };
  readonly events: EventFile;
}

export const engineOptions = ({ device, threads }: Pick<Recipe, 'device' | 'threads'>) => ({
  device,
  ...(threads !== undefined && { threads }),
});

/** The ranks as an option of what they do together. */
export const together = ({ ranks }: Pick<RunOptions, 'ranks'>) => (ranks ? { ranks } : {});

/** How training images are changed: so are those from which batch norms take their statistics. */
export const augmentation = (
  { augment, padding }: Pick<Recipe, 'augment' | 'padding'>,
  dataset: Pick<Dataset, 'augment'>,
) => (augment ? { augment: { ...dataset.augment, ...(padding && { padding }) } } : {});

/** Appends a record to `metrics.jsonl` and the TensorBoard events. */
export function recordEpoch({ files, events }: RunContext, record: EpochRecord): void {
  appendLine(files.metrics, record);
  const { step, split = 'test' } = record;
  events.scalar('loss/train', step, record.trainLoss);
  events.scalar(`loss/${split}`, step, record.testLoss);
  events.scalar('accuracy/train', step, record.trainTop1);
  events.scalar(`accuracy/${split}`, step, record.top1);
  events.scalar(`accuracy/${split} top-5`, step, record.top5);
  events.scalar('learning rate', step, record.learningRate);
  events.scalar('images per second', step, record.imagesPerSecond);
}
