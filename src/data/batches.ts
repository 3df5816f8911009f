/**
 * Batches of uint8 images, `[rows, channels, height, width]`, with labels and, where asked for, soft targets. A batch
 * is a pure function of (split, options, step): the order is a Fisher-Yates shuffle keyed by (seed, epoch), a sample's
 * augmentation is keyed by (seed, epoch, sample). Splits on disk are decoded in the background, a few batches ahead.
 * Normalisation is not done here but in the graph.
 */

import { type SizeOption, sizeOf } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';
import { Random } from '../ir/random.ts';
import { processors } from '../threads/processors.ts';
import { type AugmentOptions, drawChange, placementOf } from './augment.ts';
import { requireInteger, requireNumber, requireSize, type Split } from './dataset.ts';
import { isBadImage, recordFailure } from './failures.ts';
import { type ImageShape, imageBytes, placeImage } from './image.ts';
import { Limiter, runAhead } from './prefetch.ts';
import { cutRows, drawCutmix, drawMixup, drawsCutmix, mixRows, writeTargets } from './targets.ts';

export interface BatchOptions {
  readonly batchSize: number;
  /** Default 0. */
  readonly seed?: number;
  /** Number of the pass over the data; gives another order and other augmentation. Default 0. */
  readonly epoch?: number;
  /** Default false: the split's own order. */
  readonly shuffle?: boolean;
  readonly augment?: AugmentOptions;
  /** Leave out a last batch that is not full. Default false. */
  readonly dropLast?: boolean;
  /** Always `batchSize` rows: black images with label -1 and zero targets fill the last batch. Default false. */
  readonly pad?: boolean;
  /** Mixup's alpha in (0, 4]; 0 (default) is off. */
  readonly mixup?: number;
  /** CutMix's alpha in (0, 4]; 0 (default) is off. With mixup, a batch has one or the other, evenly at random. */
  readonly cutmix?: number;
  /** Label smoothing in [0, 1); default 0. */
  readonly smoothing?: number;
  /** First step to deliver, to go on within an epoch. Default 0. */
  readonly start?: number;
  /** Deliver every so many steps only. Default 1. */
  readonly stride?: number;
  /**
   * The rows of one rank, with full batches only: `batchSize / count` of each batch, so that the parts of all ranks make up
   * the batch of one process; of a split with an order of its own, consecutive pieces of that. Default: all rows.
   */
  readonly part?: Part;
  /** Height and width of the batch's images, filled up with zeros or cut around the centre. Default: the split's. */
  readonly size?: SizeOption;
  /** Batches decoded ahead of the reader. Default 2, and 0 for splits in memory. */
  readonly prefetch?: number;
  /** Images decoded at a time. Default: the number of processors, at least 2. */
  readonly concurrency?: number;
  /** Receives one line per image that does not decode. */
  readonly warn?: (message: string) => void;
}

/** Which of how many parts. */
export interface Part {
  /** 0 .. count - 1. */
  readonly index: number;
  readonly count: number;
}

/**
 * One batch. Its arrays are reused: they stay valid while the reader holds this batch and the next one, so copy what
 * must live longer.
 */
export interface Batch {
  /** Position in the epoch. */
  readonly step: number;
  /** `rows x channels x height x width`, where rows is `size`, or `batchSize` with `pad`. */
  readonly images: Uint8Array;
  /** Class of each row; -1 in rows of padding. */
  readonly labels: Int32Array;
  /** `rows x classes` probabilities, when `mixup`, `cutmix` or `smoothing` is on. */
  readonly targets?: Float32Array;
  /** Index in the split of each row; -1 in rows of padding. */
  readonly indices: Int32Array;
  /** Rows that hold an image. */
  readonly size: number;
  readonly shape: ImageShape;
}

/** Batches in one epoch. */
export function stepCount(split: Split, options: Pick<BatchOptions, 'batchSize' | 'dropLast'>): number {
  const steps = split.length / options.batchSize;
  return options.dropLast ? Math.floor(steps) : Math.ceil(steps);
}

/** The order of the epoch's samples. */
export function epochOrder(length: number, seed: number, epoch: number, shuffle: boolean): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  return shuffle ? new Random(seed, 'order', epoch).shuffle(order) : order;
}

/**
 * The batches of one epoch, from step `start`. An image that does not decode is replaced by the next one of its batch
 * when shuffling (training), and left out otherwise (evaluation: `size` is smaller). E_USAGE for options out of range,
 * E_DATA for too many bad images or a batch without a good one.
 *
 * @example
 * import { batches, openDataset } from 'tritbank';
 *
 * const { train, augment } = await openDataset('images');
 * for await (const { images, labels, size } of batches(train, { batchSize: 8, shuffle: true, augment })) {
 *   console.log(images.length / size, 'bytes an image; classes', labels);
 * }
 */
export function batches(split: Split, options: BatchOptions): AsyncGenerator<Batch, void, undefined> {
  requireInteger('batchSize', options.batchSize, 1);
  requireInteger('start', options.start ?? 0, 0);
  requireInteger('stride', options.stride ?? 1, 1);
  if (options.part) requirePart(options.part, options);
  requireInteger('seed', options.seed ?? 0, -Number.MAX_SAFE_INTEGER);
  requireInteger('epoch', options.epoch ?? 0, 0);
  requireInteger('prefetch', options.prefetch ?? 0, 0, 64);
  requireInteger('concurrency', options.concurrency ?? 1, 1, 256);
  requireInteger('crop', options.augment?.crop ?? 0, 0, 1024);
  requireNumber('mixup', options.mixup ?? 0, 0, 4);
  requireNumber('cutmix', options.cutmix ?? 0, 0, 4);
  requireNumber('smoothing', options.smoothing ?? 0, 0, 1 - 1e-6);
  if (options.size !== undefined) requireSize('size', options.size, 1, 4096);
  return generate(split, options);
}

function requirePart({ index, count }: Part, { batchSize, dropLast }: BatchOptions): void {
  requireInteger('part.count', count, 1);
  requireInteger('part.index', index, 0, count - 1);
  if (batchSize % count === 0 && dropLast) return;
  const found = dropLast ? `${batchSize} images` : 'a last one that may not be';
  throw new TritbankError('E_USAGE', 'part', `expected full batches that ${count} ranks can divide, found ${found}`);
}

/**
 * The rows of a batch that are a part's: as many from the front as, mirrored, from the back, since mixup and CutMix pair
 * rows from both ends. Where that does not come out even, the one left over is from the middle.
 */
function partRows(samples: Uint32Array, { index, count }: Part): Uint32Array {
  const rows = samples.length / count;
  const half = rows >> 1;
  const front = samples.subarray(index * half, (index + 1) * half);
  const middle = rows % 2 === 0 ? [] : [samples[count * half + index]!];
  const back = samples.subarray(samples.length - (index + 1) * half, samples.length - index * half);
  return Uint32Array.of(...front, ...middle, ...back);
}

async function* generate(split: Split, options: BatchOptions): AsyncGenerator<Batch, void, undefined> {
  const ahead = options.prefetch ?? (split.pixels ? 0 : 2);
  const limiter = new Limiter(options.concurrency ?? Math.max(2, processors()));
  const assembler = new Assembler(split, options, limiter, ahead + 2);
  try {
    const { start = 0, stride = 1 } = options;
    const count = Math.ceil((stepCount(split, options) - start) / stride);
    yield* runAhead(0, count, ahead, (i) => assembler.assemble(start + i * stride, i));
  } finally {
    limiter.stop();
  }
}

interface Buffers {
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  readonly indices: Int32Array;
  readonly targets: Float32Array | undefined;
}

class Assembler {
  private readonly shape: ImageShape;
  private readonly bytes: number;
  private readonly order: Uint32Array;
  /** Whether the order is that of one rank alone. */
  private readonly isPiece: boolean;
  /** Rows of a batch, those of other ranks left out. */
  private readonly rows: number;
  private readonly ring: Buffers[] = [];
  private readonly seed: number;
  private readonly epoch: number;

  constructor(
    private readonly split: Split,
    private readonly options: BatchOptions,
    private readonly limiter: Limiter,
    private readonly ringSize: number,
  ) {
    const { channels } = split;
    const { seed = 0, epoch = 0, size, shuffle = false, batchSize, part } = options;
    const { height, width } = size === undefined ? split : sizeOf(size);
    this.shape = { channels, height, width };
    this.bytes = imageBytes(this.shape);
    this.seed = seed;
    this.epoch = epoch;
    this.rows = batchSize / (part?.count ?? 1);
    const own = shuffle ? split.order?.(seed, epoch) : undefined;
    this.isPiece = own !== undefined && part !== undefined;
    const order = own ?? epochOrder(split.length, seed, epoch, shuffle);
    const piece = Math.floor(split.length / (part?.count ?? 1));
    this.order = this.isPiece ? order.subarray(part!.index * piece, (part!.index + 1) * piece) : order;
  }

  private samplesOf(step: number): Uint32Array {
    const { batchSize, part } = this.options;
    if (this.isPiece) return this.order.subarray(step * this.rows, (step + 1) * this.rows);
    const samples = this.order.subarray(step * batchSize, (step + 1) * batchSize);
    return part ? partRows(samples, part) : samples;
  }

  /** The batch of a step, in the buffers of a turn. */
  async assemble(step: number, turn: number): Promise<Batch> {
    const { pad = false, mixup = 0, cutmix = 0, smoothing = 0 } = this.options;
    const buffers = this.buffersOf(turn);
    const samples = this.samplesOf(step);
    const bad = new Set<number>();
    const waiting: Promise<void>[] = [];
    for (let row = 0; row < samples.length; row++) {
      buffers.indices[row] = samples[row]!;
      buffers.labels[row] = this.split.labels[samples[row]!]!;
      const pending = this.fillRow(buffers.images, row, samples[row]!, bad);
      if (pending) waiting.push(pending);
    }
    if (waiting.length > 0) await Promise.all(waiting);
    const size = bad.size === 0 ? samples.length : this.repair(buffers, samples, bad);

    const rows = pad ? this.rows : size;
    buffers.images.fill(0, size * this.bytes, rows * this.bytes);
    buffers.labels.fill(-1, size, rows);
    buffers.indices.fill(-1, size, rows);
    const images = buffers.images.subarray(0, rows * this.bytes);
    const labels = buffers.labels.subarray(0, rows);
    const indices = buffers.indices.subarray(0, rows);
    const batch = { step, images, labels, indices, size, shape: this.shape };
    const targets = buffers.targets?.subarray(0, rows * this.split.classCount);
    if (!targets) return batch;
    const { classCount } = this.split;
    writeTargets(targets, labels, classCount, smoothing);
    const key = [this.seed, this.epoch, step] as const;
    if (cutmix > 0 && (mixup === 0 || drawsCutmix(...key))) {
      cutRows(images, this.shape, targets, classCount, size, drawCutmix(cutmix, this.shape, ...key));
    } else if (mixup > 0) {
      mixRows(images, this.bytes, targets, classCount, size, drawMixup(mixup, ...key));
    }
    return { ...batch, targets };
  }

  private buffersOf(turn: number): Buffers {
    const { mixup = 0, cutmix = 0, smoothing = 0 } = this.options;
    const { rows } = this;
    const slot = turn % this.ringSize;
    this.ring[slot] ??= {
      images: new Uint8Array(rows * this.bytes),
      labels: new Int32Array(rows),
      indices: new Int32Array(rows),
      targets: mixup > 0 || cutmix > 0 || smoothing > 0 ? new Float32Array(rows * this.split.classCount) : undefined,
    };
    return this.ring[slot];
  }

  /** Writes sample `index` into row `row`, at once for splits in memory; a bad image is noted in `bad`. */
  private fillRow(images: Uint8Array, row: number, index: number, bad: Set<number>): Promise<void> | undefined {
    const { split, shape, options } = this;
    const change = drawChange(options.augment, this.seed, this.epoch, index);
    const { padding } = options.augment ?? {};
    const placement = placementOf(change, [split.height, split.width], [shape.height, shape.width], padding);
    const place = (source: Uint8Array, from: number) =>
      placeImage(source, from, split, images, row * this.bytes, shape.height, shape.width, placement);
    if (split.pixels) {
      if (change.window) place(split.read(index, change.window) as Uint8Array, 0);
      else place(split.pixels, index * imageBytes(split));
      return undefined;
    }
    return this.limiter.run(async () => {
      try {
        const isOwn = options.augment?.own === true && split.vary !== undefined;
        const random = () => new Random(this.seed, 'augment', this.epoch, index);
        place(await (isOwn ? split.vary!(index, random()) : split.read(index, change.window)), 0);
      } catch (error) {
        if (!isBadImage(error)) throw error;
        recordFailure(split, index, error, options.warn);
        bad.add(row);
      }
    });
  }

  /** Fills bad rows from the next good one (training), or closes the gaps (evaluation); returns the rows in use. */
  private repair(buffers: Buffers, samples: Uint32Array, bad: Set<number>): number {
    const rows = samples.length;
    if (bad.size === rows) {
      const where = this.split.describe(samples[0]!);
      throw new TritbankError('E_DATA', where, `expected an image that decodes in its batch, found ${rows} bad ones`);
    }
    if (this.options.shuffle) {
      for (const row of bad) {
        let from = (row + 1) % rows;
        while (bad.has(from)) from = (from + 1) % rows;
        this.copyRow(buffers, from, row);
      }
      return rows;
    }
    let size = 0;
    for (let row = 0; row < rows; row++) if (!bad.has(row)) this.copyRow(buffers, row, size++);
    return size;
  }

  private copyRow({ images, labels, indices }: Buffers, from: number, to: number): void {
    images.copyWithin(to * this.bytes, from * this.bytes, (from + 1) * this.bytes);
    labels[to] = labels[from]!;
    indices[to] = indices[from]!;
  }
}
