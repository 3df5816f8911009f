/** What a folder of shards says of itself, in `index.json`. */

import { readText } from '../../files/index.ts';
import { TritbankError } from '../../ir/errors.ts';

export const indexFile = 'index.json';
export const shardFormat = 'tritbank-shards';

export interface ShardRecord {
  readonly file: string;
  readonly bytes: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
  /** The class of each image, in the order of the file. */
  readonly labels: readonly number[];
}

export interface ShardClass {
  readonly folder: string;
  readonly name: string;
  /** Its index in `classes.json`, where there was one. */
  readonly index?: number;
}

export interface ShardIndex {
  readonly format: typeof shardFormat;
  readonly version: 1;
  readonly name: string;
  readonly classes: readonly ShardClass[];
  /** Pixels of the shorter side, at most; absent where images were packed as they are. */
  readonly size?: number;
  /** Of the training images, per channel in 0..255. */
  readonly statistics: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly notes: readonly string[];
  readonly train: readonly ShardRecord[];
  readonly val: readonly ShardRecord[];
  /** Images of the folder that did not decode. */
  readonly skipped?: number;
}

const isRecord = (value: unknown): value is ShardRecord => {
  const { file, bytes, sha256, labels } = (value ?? {}) as Partial<ShardRecord>;
  // no path out of the folder
  const isName = typeof file === 'string' && /^[\w-]+\.tar$/.test(file);
  return isName && typeof bytes === 'number' && typeof sha256 === 'string' && Array.isArray(labels);
};

/** The index in a file; undefined for JSON of another kind. E_FILE, E_FORMAT for a damaged one. */
export function readIndex(path: string): ShardIndex | undefined {
  let json: unknown;
  try {
    json = JSON.parse(readText(path));
  } catch (cause) {
    if (cause instanceof TritbankError) throw cause;
    throw new TritbankError('E_FORMAT', path, 'expected the index of packed shards, found no JSON', { cause });
  }
  const index = json as Partial<ShardIndex> | null;
  if (typeof index !== 'object' || index?.format !== shardFormat) return undefined;
  const { version, classes, statistics, train, val } = index;
  const lists = [train, val];
  const isWhole =
    version === 1 &&
    Array.isArray(classes) &&
    statistics &&
    lists.every((list) => list?.every?.((one) => isRecord(one)));
  if (isWhole) return index as ShardIndex;
  const found = version === 1 ? 'one with parts missing' : `version ${String(version)}`;
  throw new TritbankError('E_FORMAT', path, `expected an index of packed shards of version 1, found ${found}`);
}
