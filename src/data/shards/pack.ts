/**
 * Packs a folder of images (`folder.ts`, ImageNet's layout included) into shards of a fixed number of images. Training
 * images are dealt in a random order, so that each shard is a sample of all classes. A shard appears under its name when it
 * is whole, and a line of `packing.jsonl` says so: a packing that was stopped goes on behind it.
 */

import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { appendLine, fileError, makeRunDirectory, readLines, writeFileAtomic } from '../../files/index.ts';
import { takeLock } from '../../files/lock.ts';
import { temporaryName } from '../../files/temporary.ts';
import { encodeSmaller } from '../../images/decode.ts';
import { TritbankError } from '../../ir/errors.ts';
import { Random } from '../../ir/random.ts';
import { type Dataset, requireInteger, type Split } from '../dataset.ts';
import { isBadImage, recordFailure } from '../failures.ts';
import { openFolder } from '../folder.ts';
import { runAhead } from '../prefetch.ts';
import { readClassFile } from '../scan.ts';
import { statistics } from '../statistics.ts';
import { indexFile, type ShardIndex, type ShardRecord, shardFormat } from './records.ts';
import { type Sample, writeShard } from './tar.ts';

export interface PackOptions {
  /** Pixels of the shorter side; smaller images stay as they are. Default 256. */
  readonly size?: number;
  /** Quality of JPEG for images that are made smaller, 1..100. Default 90. */
  readonly quality?: number;
  /** Images in a shard. Default 1024. */
  readonly shardImages?: number;
  /** Of the order of the training images. Default 0. */
  readonly seed?: number;
  /** Share of each class that becomes the validation split, where the folder has none. Default 0.1. */
  readonly testFraction?: number;
  /** Replace shards in `out` that were packed from something else. */
  readonly force?: boolean;
  /** The command line, for whoever finds the folder in use. */
  readonly command?: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly warn?: (line: string) => void;
  readonly signal?: AbortSignal;
}

const journalFile = 'packing.jsonl';
const splits = ['train', 'val'] as const;
type SplitName = (typeof splits)[number];

/** What the shards depend on: the first line of the journal. */
interface Subject {
  readonly listing: string;
  readonly size: number;
  readonly quality: number;
  readonly shardImages: number;
  readonly seed: number;
}

type Finished = ShardRecord & { readonly split: SplitName };

/** Images in the order in which they are packed. */
function orderOf(split: Split, name: SplitName, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: split.length }, (_, i) => i);
  return name === 'train' ? new Random(seed, 'pack').shuffle(order) : order;
}

function subjectOf(
  { train, test }: Dataset,
  options: Required<Pick<PackOptions, 'size' | 'quality' | 'shardImages' | 'seed'>>,
): Subject {
  const hash = createHash('sha256');
  for (const split of [train, test]) {
    for (let i = 0; i < split.length; i++) hash.update(`${split.describe(i)}\0${split.labels[i]}\n`);
    hash.update('\n');
  }
  const { size, quality, shardImages, seed } = options;
  return { listing: hash.digest('hex'), size, quality, shardImages, seed };
}

/** What an earlier packing of the same finished; nothing for a new one. E_USAGE where the folder has something else. */
function findFinished(out: string, subject: Subject, force: boolean): Finished[] {
  const journal = join(out, journalFile);
  const isPacked = existsSync(join(out, indexFile));
  const [first, ...finished] = existsSync(journal) ? readLines<Subject | Finished>(journal) : [];
  if (!isPacked && first && isDeepStrictEqual(first, subject)) {
    const whole = finished as Finished[];
    return whole.filter(({ file, bytes }) => statSync(join(out, file), { throwIfNoEntry: false })?.size === bytes);
  }
  if ((isPacked || first) && !force) {
    const found = isPacked ? 'shards' : 'a packing of other images or with other options that was not finished';
    const expected = 'expected a folder without shards, or --force to replace them';
    throw new TritbankError('E_USAGE', '--out', `${expected}, found ${found} in ${out}`);
  }
  rmSync(join(out, indexFile), { force: true });
  writeFileAtomic(journal, `${JSON.stringify(subject)}\n`);
  return [];
}

/** The shards of one split, those that are there left out. */
class Packing {
  private done = 0;

  constructor(
    private readonly out: string,
    private readonly subject: Subject,
    private readonly options: PackOptions,
    private readonly total: number,
    private readonly finished: readonly Finished[],
  ) {}

  async pack(split: Split, name: SplitName): Promise<ShardRecord[]> {
    const order = orderOf(split, name, this.subject.seed);
    const { shardImages } = this.subject;
    const records: ShardRecord[] = [];
    for (let from = 0; from < order.length; from += shardImages) {
      const file = `${name}-${String(from / shardImages).padStart(6, '0')}.tar`;
      const indices = order.subarray(from, from + shardImages);
      const known = this.finished.find((one) => one.file === file);
      const { split: _, ...record } = known ?? (await this.packOne(split, name, file, indices, from));
      records.push(record);
      this.done = (name === 'train' ? 0 : this.total - order.length) + from + indices.length;
      this.options.onProgress?.(this.done, this.total);
    }
    return records;
  }

  private async packOne(
    split: Split,
    name: SplitName,
    file: string,
    indices: Uint32Array,
    from: number,
  ): Promise<Finished> {
    const path = join(this.out, file);
    const temporary = temporaryName(path);
    const labels: number[] = [];
    try {
      const written = await writeShard(temporary, this.samples(split, name, indices, from, labels));
      renameSync(temporary, path);
      const record = { split: name, file, ...written, labels };
      appendLine(join(this.out, journalFile), record);
      return record;
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw cause instanceof Error && 'syscall' in cause ? fileError(path, 'room for a shard', cause) : cause;
    }
  }

  private async *samples(
    split: Split,
    name: SplitName,
    indices: Uint32Array,
    from: number,
    labels: number[],
  ): AsyncGenerator<Sample> {
    const { size, quality } = this.subject;
    const { signal, warn, onProgress } = this.options;
    const ahead = 2 * Math.max(2, availableParallelism());
    const encode = async (i: number) => {
      const path = split.describe(indices[i]!);
      try {
        return { index: indices[i]!, ...(await encodeSmaller(await readImage(path), { size, quality, where: path })) };
      } catch (error) {
        if (!isBadImage(error)) throw error;
        recordFailure(split, indices[i]!, error, warn);
        return undefined;
      }
    };
    let i = 0;
    for await (const image of runAhead(0, indices.length, ahead, encode)) {
      signal?.throwIfAborted();
      const place = from + i++;
      onProgress?.(this.done + i, this.total);
      if (!image) continue;
      const label = split.labels[image.index]!;
      labels.push(label);
      yield {
        name: `${name}-${String(place).padStart(9, '0')}`,
        extension: image.extension,
        bytes: image.bytes,
        label,
      };
    }
  }
}

const readImage = (path: string) =>
  readFile(path).catch((cause: Error) => {
    throw new TritbankError('E_FILE', path, `expected a readable image, found ${cause.message}`, { cause });
  });

/**
 * Packs the images of `folder` into `out`; returns what `index.json` there says. The same images and options give the same
 * files. E_USAGE for options out of range, and where `out` has other shards; E_DATA for a folder that is no data set, or
 * with too many images that do not decode; E_FILE where there is no room; E_BUSY where another process packs there.
 *
 * @example
 * import { openDataset, packFolder } from 'tritbank';
 *
 * const { train } = await packFolder('images', 'shards', { size: 32, shardImages: 16 });
 * const dataset = await openDataset('shards');
 * console.log(train.length, 'shards of', dataset.train.length, 'images');
 */
export async function packFolder(folder: string, out: string, options: PackOptions = {}): Promise<ShardIndex> {
  const size = requireInteger('size', options.size ?? 256, 8, 4096);
  const quality = requireInteger('quality', options.quality ?? 90, 1, 100);
  const shardImages = requireInteger('shardImages', options.shardImages ?? 1024, 1, 2 ** 20);
  const seed = requireInteger('seed', options.seed ?? 0, 0);
  const { testFraction, force = false, warn, command = '' } = options;
  const dataset = await openFolder(folder, {
    imageSize: size,
    ...(testFraction !== undefined && { testFraction }),
    ...(warn && { warn }),
  });
  const classFile = await readClassFile(folder);
  const subject = subjectOf(dataset, { size, quality, shardImages, seed });
  makeRunDirectory(out);
  const lock = takeLock(out, command);
  try {
    const finished = findFinished(out, subject, force);
    const total = dataset.train.length + dataset.test.length;
    const packing = new Packing(out, subject, options, total, finished);
    const train = await packing.pack(dataset.train, 'train');
    const val = await packing.pack(dataset.test, 'val');
    const skipped = [...train, ...val].reduce((left, { labels }) => left - labels.length, total);
    const classes = (dataset.folders ?? dataset.classes).map((name, i) => {
      const entry = classFile?.get(name);
      return { folder: name, name: dataset.classes[i] ?? name, ...(entry && { index: entry.index }) };
    });
    const { mean, std } = await statistics(dataset, warn ? { warn } : {});
    const index: ShardIndex = {
      format: shardFormat,
      version: 1,
      name: dataset.name,
      classes,
      size,
      statistics: { mean, std },
      notes: dataset.notes.filter((note) => !note.startsWith('images are brought to')),
      train,
      val,
      ...(skipped > 0 && { skipped }),
    };
    writeFileAtomic(join(out, indexFile), `${JSON.stringify(index)}\n`);
    rmSync(join(out, journalFile), { force: true });
    return index;
  } finally {
    lock.release();
  }
}
