/**
 * CIFAR-10 and CIFAR-100 in their binary form (Krizhevsky, "Learning multiple layers of features from tiny images",
 * 2009): records of one label byte (CIFAR-100: coarse label, fine label; the fine one is used) and 3 x 32 x 32 pixels,
 * red, green and blue planes row by row. The Python pickles are not read.
 */

import { join } from 'node:path';
import { readText } from '../files/index.ts';
import { TritbankError } from '../ir/errors.ts';
import type { Dataset, OpenOptions } from './dataset.ts';
import { isFile, md5, readData } from './files.ts';
import type { ImageShape } from './image.ts';
import { cifar10, cifar100, type Known } from './known.ts';
import { checkedLabels, fitDataset, MemorySplit } from './memory.ts';

const shape: ImageShape = { channels: 3, height: 32, width: 32 };
const pixelBytes = 3072;

interface Layout {
  readonly known: Known;
  /** The directory inside the published archive. */
  readonly inner: string;
  readonly labelBytes: 1 | 2;
  readonly train: readonly string[];
  readonly test: string;
  readonly names: string;
  /** Files of the Python version, to tell a user who has the wrong archive. */
  readonly pickles: readonly string[];
}

const layouts: readonly Layout[] = [
  {
    known: cifar10,
    inner: 'cifar-10-batches-bin',
    labelBytes: 1,
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    test: 'test_batch.bin',
    names: 'batches.meta.txt',
    pickles: ['data_batch_1', 'cifar-10-batches-py/data_batch_1'],
  },
  {
    known: cifar100,
    inner: 'cifar-100-binary',
    labelBytes: 2,
    train: ['train.bin'],
    test: 'test.bin',
    names: 'fine_label_names.txt',
    pickles: ['train', 'cifar-100-python/train'],
  },
];

const layoutOf = (known: Known) => layouts.find((layout) => layout.known === known)!;

/** The directory at or in `dir` with any of the data set's files, or `undefined`. */
async function locate(dir: string, layout: Layout): Promise<string | undefined> {
  for (const place of [dir, join(dir, layout.inner)]) {
    for (const file of [...layout.train, layout.test]) if (await isFile(join(place, file))) return place;
  }
  return undefined;
}

/** Which CIFAR's binary files lie in `dir`, directly or in the archive's own folder. */
export async function detectCifar(dir: string): Promise<Known | undefined> {
  for (const layout of layouts) if (await locate(dir, layout)) return layout.known;
  return undefined;
}

/** Opens CIFAR-10 or CIFAR-100 in `dir`. E_DATA for absent files or labels out of range, E_FORMAT for cut records. */
export async function openCifar(dir: string, known: Known, options: OpenOptions = {}): Promise<Dataset> {
  const layout = layoutOf(known);
  const place = await locate(dir, layout);
  if (!place) {
    const pickled = await Promise.all(layout.pickles.map((file) => isFile(join(dir, file))));
    const found = pickled.includes(true) ? 'found the Python version' : 'found none';
    const expected = `expected ${layout.train[0]} ... ${layout.test} of the binary version`;
    throw new TritbankError('E_DATA', dir, `${expected}, ${found}; ${known.advice} this directory`);
  }
  const notes: string[] = [];
  const classes = await readNames(join(place, layout.names), known, notes);
  const train = await readRecords(place, layout.train, layout, 'train', notes);
  const test = await readRecords(place, [layout.test], layout, 'test', notes);
  for (const note of notes) options.warn?.(note);
  const { name, augment } = known;
  return fitDataset({ name, classes, ...shape, train, test, augment, notes }, options);
}

async function readNames(path: string, known: Known, notes: string[]): Promise<readonly string[]> {
  if (!(await isFile(path))) {
    if (known === cifar100) notes.push(`${path}: absent, so the classes are numbered instead of named`);
    return known.classes;
  }
  const names = readText(path)
    .split('\n')
    .map((line) => line.trim());
  const present = names.filter((line) => line !== '');
  if (present.length === known.classes.length) return present;
  const found = `found ${present.length}`;
  throw new TritbankError('E_FORMAT', path, `expected ${known.classes.length} class names, one a line, ${found}`);
}

async function readRecords(
  dir: string,
  files: readonly string[],
  { known, labelBytes }: Layout,
  part: string,
  notes: string[],
): Promise<MemorySplit> {
  const record = labelBytes + pixelBytes;
  const labels: Int32Array[] = [];
  const pixels: Uint8Array[] = [];
  for (const file of files) {
    const path = join(dir, file);
    if (!(await isFile(path))) throw new TritbankError('E_DATA', path, `expected this file, found the others only`);
    const bytes = await readData(path);
    if (bytes.length === 0 || bytes.length % record !== 0) {
      const found = `found ${bytes.length} bytes (truncated or damaged)`;
      throw new TritbankError('E_FORMAT', path, `expected a whole number of ${record}-byte records, ${found}`);
    }
    const official = known.md5[file];
    if (official && md5(bytes) !== official) {
      notes.push(`${path}: not the official ${known.title}: the checksum differs`);
    }
    const count = bytes.length / record;
    const fine = new Uint8Array(count);
    const planes = new Uint8Array(count * pixelBytes);
    for (let i = 0; i < count; i++) {
      fine[i] = bytes[i * record + labelBytes - 1]!;
      planes.set(bytes.subarray(i * record + labelBytes, (i + 1) * record), i * pixelBytes);
    }
    labels.push(checkedLabels(path, fine, known.classes.length));
    pixels.push(planes);
  }
  const total = labels.reduce((sum, l) => sum + l.length, 0);
  const allPixels = joinInto(new Uint8Array(total * pixelBytes), pixels);
  const allLabels = joinInto(new Int32Array(total), labels);
  return new MemorySplit(`${known.name} ${part}`, shape, allPixels, allLabels, known.classes.length);
}

function joinInto<T extends Uint8Array | Int32Array>(whole: T, parts: readonly T[]): T {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
