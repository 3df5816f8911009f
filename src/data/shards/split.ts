/**
 * A split whose images are in shards. A shard is read as a whole and its checksum compared; the one that will be needed
 * next is read meanwhile; three are kept at most. An epoch goes through the shards one after the other, in another order
 * each time, and through the images of a shard in another order, so that ranks read different shards, each from front to
 * back.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TritbankError } from '../../ir/errors.ts';
import { Random } from '../../ir/random.ts';
import type { Split } from '../dataset.ts';
import { decodeImage } from '../decode.ts';
import type { CropWindow, ImageShape } from '../image.ts';
import type { ShardRecord } from './records.ts';
import { readSamples } from './tar.ts';

/** The one that is read, the one before, whose last images are being decoded, and the next. */
const kept = 3;

export class ShardSplit implements Split {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;
  /** Index of the first image of each shard. */
  private readonly starts: readonly number[];
  private readonly loaded = new Map<number, Promise<readonly Uint8Array[]>>();
  /** By shard, the one that is read after it. */
  private following: ReadonlyMap<number, number>;

  constructor(
    private readonly dir: string,
    private readonly shards: readonly ShardRecord[],
    readonly labels: Int32Array,
    readonly classCount: number,
    shape: ImageShape,
    private readonly cropFraction: number,
  ) {
    this.channels = shape.channels;
    this.height = shape.height;
    this.width = shape.width;
    this.length = labels.length;
    let start = 0;
    this.starts = shards.map((shard) => {
      const first = start;
      start += shard.labels.length;
      return first;
    });
    this.following = successors([...shards.keys()]);
  }

  /** The order of an epoch: shard after shard. */
  order(seed: number, epoch: number): Uint32Array {
    const sequence = new Random(seed, 'shards', epoch).shuffle([...this.shards.keys()]);
    this.following = successors(sequence);
    const order = new Uint32Array(this.length);
    let at = 0;
    for (const shard of sequence) {
      const first = this.starts[shard]!;
      const own = Uint32Array.from(this.shards[shard]!.labels, (_, i) => first + i);
      order.set(new Random(seed, 'within a shard', epoch, shard).shuffle(own), at);
      at += own.length;
    }
    return order;
  }

  async read(index: number, window?: CropWindow): Promise<Uint8Array> {
    const shard = this.shardOf(index);
    const images = await this.take(shard);
    const where = this.describe(index);
    return decodeImage(images[index - this.starts[shard]!]!, this, { window, cropFraction: this.cropFraction, where });
  }

  describe(index: number): string {
    const shard = this.shardOf(index);
    return `${join(this.dir, this.shards[shard]!.file)}[${index - this.starts[shard]!}]`;
  }

  private shardOf(index: number): number {
    if (!(index >= 0 && index < this.length)) throw new Error(`internal: image ${index} of ${this.length}`);
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The images of a shard; begins to read the one behind it. */
  private take(shard: number): Promise<readonly Uint8Array[]> {
    const known = this.loaded.get(shard);
    if (known) {
      // used last
      this.loaded.delete(shard);
      this.loaded.set(shard, known);
      return known;
    }
    const images = this.hold(shard);
    const next = this.following.get(shard);
    // after this one, so that it does not wait for both
    images.then(
      () => {
        if (next !== undefined && !this.loaded.has(next)) this.hold(next).catch(() => {});
      },
      () => {},
    );
    return images;
  }

  private hold(shard: number): Promise<readonly Uint8Array[]> {
    const images = this.load(this.shards[shard]!);
    this.loaded.set(shard, images);
    for (const old of this.loaded.keys()) {
      if (this.loaded.size <= kept) break;
      this.loaded.delete(old);
    }
    return images;
  }

  private async load(shard: ShardRecord): Promise<Uint8Array[]> {
    const { file, bytes, sha256, labels } = shard;
    const path = join(this.dir, file);
    const fail = (found: string, cause?: unknown) => damaged(this.dir, shard, found, cause);
    const content = await readFile(path).catch((cause: Error) => {
      throw fail(cause.message, cause);
    });
    if (content.length !== bytes) throw fail(`${content.length} bytes`);
    if (createHash('sha256').update(content).digest('hex') !== sha256) throw fail('another checksum');
    const images = await readSamples(content).catch((cause: Error) => {
      throw fail(cause.message, cause);
    });
    if (images.length !== labels.length) throw fail(`${images.length} images instead of ${labels.length}`);
    return images;
  }
}

/** E_DATA for a shard that is not what was packed: too much is lost for going on without it. */
export function damaged(dir: string, { file, bytes }: ShardRecord, found: string, cause?: unknown): TritbankError {
  const expected = `expected the shard of ${bytes} bytes that was packed`;
  return new TritbankError('E_DATA', join(dir, file), `${expected}, found ${found}: copy or pack it again`, { cause });
}

const successors = (sequence: readonly number[]): ReadonlyMap<number, number> =>
  new Map(sequence.slice(1).map((next, i) => [sequence[i]!, next]));
