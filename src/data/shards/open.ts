/** Opens a folder of shards as a data set. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '../../images/size.ts';
import { TritbankError } from '../../ir/errors.ts';
import { type Dataset, type OpenOptions, requireInteger, requireNumber, requireSize } from '../dataset.ts';
import { isFile } from '../files.ts';
import { indexFile, readIndex, type ShardIndex, type ShardRecord } from './records.ts';
import { damaged, ShardSplit } from './split.ts';

const largestDefault = 224;

/**
 * The index of the shards in `dir`; undefined where there are none. E_FORMAT for a damaged one, E_DATA for a shard that is
 * missing or has another size: nobody wants to hear of it when its turn comes, hours later.
 */
export async function findShards(dir: string): Promise<ShardIndex | undefined> {
  const path = join(dir, indexFile);
  const index = (await isFile(path)) ? readIndex(path) : undefined;
  if (!index) return undefined;
  for (const shard of [...index.train, ...index.val]) {
    const { size } = await stat(join(dir, shard.file)).catch((cause: Error) => {
      throw damaged(dir, shard, cause.message, cause);
    });
    if (size !== shard.bytes) throw damaged(dir, shard, `${size} bytes`);
  }
  return index;
}

/** Numbers of the classes: in the order of the index, or those that `classes.json` gave. */
function numberClasses(dir: string, { classes }: ShardIndex, { labels, classCount }: OpenOptions) {
  if (labels !== 'index') return { numbers: classes.map((_, i) => i), names: classes.map(({ name }) => name) };
  const numbers = classes.map(({ folder, index }) => {
    if (index !== undefined) return index;
    const expected = `expected class indices, packed from a folder with a classes.json`;
    throw new TritbankError('E_DATA', join(dir, indexFile), `${expected}, found none of '${folder}'`);
  });
  const least = Math.max(...numbers) + 1;
  const count = requireInteger('classCount', classCount ?? least, least);
  const names = Array.from({ length: count }, (_, i) => `class ${i}`);
  for (const [i, { name }] of classes.entries()) names[numbers[i]!] = name;
  return { numbers, names };
}

/** The data set in the shards of `dir`. E_USAGE for options out of range, E_DATA for indices that are not there. */
export function openShards(dir: string, index: ShardIndex, options: OpenOptions = {}): Dataset {
  const cropFraction = requireNumber('cropFraction', options.cropFraction ?? 1, 0.1, 1);
  const { numbers, names } = numberClasses(dir, index, options);
  const size =
    options.imageSize === undefined
      ? sizeOf(Math.min(index.size ?? largestDefault, largestDefault))
      : requireSize('imageSize', options.imageSize, 1, 4096);
  const shape = { channels: options.channels ?? 3, ...size } as const;
  const split = (shards: readonly ShardRecord[]) => {
    const labels = Int32Array.from(
      shards.flatMap((shard) => [...shard.labels]),
      (label) => numbers[label] ?? -1,
    );
    if (labels.includes(-1)) {
      throw new TritbankError('E_FORMAT', join(dir, indexFile), 'expected labels of its classes, found others');
    }
    return new ShardSplit(dir, shards, labels, names.length, shape, cropFraction);
  };
  return {
    name: index.name,
    classes: names,
    ...(options.labels !== 'index' && { folders: index.classes.map(({ folder }) => folder) }),
    ...shape,
    train: split(index.train),
    test: split(index.val),
    augment: { resizedCrop: true, flip: true },
    ...(shape.channels === 3 && { statistics: index.statistics }),
    notes: index.notes,
  };
}
