/**
 * IDX files, the format of MNIST and its successors (http://yann.lecun.com/exdb/mnist): a big-endian header of magic,
 * one size per dimension, then bytes. Reads the unsigned-byte form with one (labels) or three (images) dimensions.
 */

import { basename, join } from 'node:path';
import { TritbankError } from '../ir/errors.ts';
import type { Dataset, OpenOptions } from './dataset.ts';
import { isFile, md5, readData } from './files.ts';
import type { ImageShape } from './image.ts';
import { fashionMnist, idxFiles, type Known, mnist } from './known.ts';
import { checkedLabels, fitDataset, MemorySplit } from './memory.ts';

export interface Idx {
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

/** Parses an IDX file of `rank` dimensions. E_FORMAT for a wrong magic or length; the data is a view of `bytes`. */
export function parseIdx(file: string, bytes: Uint8Array, rank: 1 | 3): Idx {
  const fail = (expected: string, found: string) =>
    new TritbankError('E_FORMAT', file, `expected ${expected}, found ${found}`);
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw fail(`an IDX header of ${header} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic !== 0x0800 + rank) {
    throw fail(`IDX magic 0x0000080${rank}`, `0x${magic.toString(16).padStart(8, '0')}`);
  }
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = header + dims.reduce((product, d) => product * d, 1);
  if (bytes.length !== expected) {
    throw fail(`${expected} bytes for ${dims.join(' x ')}`, `${bytes.length} (truncated or damaged)`);
  }
  return { dims, data: bytes.subarray(header) };
}

/** Path of each of the four files in `dir`, `undefined` where absent. */
async function locate(dir: string): Promise<(string | undefined)[]> {
  return Promise.all(
    idxFiles.map(async (name) => {
      for (const base of [name, name.replace('-idx', '.idx')]) {
        for (const path of [join(dir, base), join(dir, `${base}.gz`)]) if (await isFile(path)) return path;
      }
      return undefined;
    }),
  );
}

/** True when `dir` holds at least one of the four files, zipped or not. */
export async function hasIdx(dir: string): Promise<boolean> {
  return (await locate(dir)).some((path) => path !== undefined);
}

/**
 * Opens the four files of `dir`. With `expected`, its class names apply and other content than the official gives a
 * warning; without, official content is recognised, and any other has as many classes as the training labels show.
 */
export async function openIdx(dir: string, expected: Known | undefined, options: OpenOptions = {}): Promise<Dataset> {
  const paths = await locate(dir);
  const absent = idxFiles.filter((_, i) => paths[i] === undefined);
  if (absent.length > 0) {
    const advice = expected ? `; ${expected.advice} this directory` : '';
    const found = `found no ${absent.join(', ')} (nor .gz)`;
    throw new TritbankError('E_DATA', dir, `expected the four IDX files, ${found}${advice}`);
  }
  const files = paths as string[];
  const contents = await Promise.all(files.map(readData));
  const sums = contents.map(md5);
  const official = (known: Known) => idxFiles.filter((name, i) => known.md5[name] !== sums[i]);
  const known = expected ?? [mnist, fashionMnist].find((k) => official(k).length === 0);

  const notes: string[] = [];
  const changed = expected ? official(expected) : [];
  if (expected && changed.length > 0) {
    notes.push(`${dir}: not the official ${expected.title}: ${changed.join(', ')} differ in checksum`);
  }
  const trainLabels = parseIdx(files[1]!, contents[1]!, 1).data;
  const count = known?.classes.length ?? trainLabels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const name = known?.name ?? basename(dir);
  const split = (part: string, images: number, labels: number) =>
    readSplit(`${name} ${part}`, [files[images]!, contents[images]!], [files[labels]!, contents[labels]!], count);
  const train = split('train', 0, 1);
  const test = split('test', 2, 3);
  if (train.height !== test.height || train.width !== test.width) {
    const found = `${train.height} x ${train.width} and ${test.height} x ${test.width}`;
    throw new TritbankError('E_DATA', dir, `expected one image size in both splits, found ${found}`);
  }
  for (const note of notes) options.warn?.(note);
  return fitDataset(
    {
      name,
      classes: known?.classes ?? Array.from({ length: count }, (_, i) => String(i)),
      channels: 1,
      height: train.height,
      width: train.width,
      train,
      test,
      augment: known?.augment ?? { crop: 2 },
      notes,
    },
    options,
  );
}

function readSplit(
  name: string,
  [imageFile, imageBytes]: readonly [string, Uint8Array],
  [labelFile, labelBytes]: readonly [string, Uint8Array],
  classCount: number,
): MemorySplit {
  const images = parseIdx(imageFile, imageBytes, 3);
  const labels = parseIdx(labelFile, labelBytes, 1);
  const [count, height, width] = images.dims as [number, number, number];
  if (count === 0 || height === 0 || width === 0) {
    throw new TritbankError('E_DATA', imageFile, `expected images, found ${images.dims.join(' x ')}`);
  }
  if (count !== labels.data.length) {
    const expected = `expected ${count} labels, one for each image in ${basename(imageFile)}`;
    throw new TritbankError('E_DATA', labelFile, `${expected}, found ${labels.data.length}`);
  }
  const shape: ImageShape = { channels: 1, height, width };
  return new MemorySplit(name, shape, images.data, checkedLabels(labelFile, labels.data, classCount), classCount);
}
