/**
 * Images without labels: a folder of images, with or without folders in it, or a text file with the path of one in each
 * line. They serve what learns from a network, not from people: calibration, statistics, distillation.
 */

import { basename, dirname, join, resolve } from 'node:path';
import { readText } from '../files/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { Random } from '../ir/random.ts';
import { type Dataset, type OpenOptions, requireInteger, requireNumber } from './dataset.ts';
import { isDirectory, isFile } from './files.ts';
import { chooseShape, FolderSplit } from './folder-split.ts';
import { findImages, listFolders, testNames } from './scan.ts';

const isList = (path: string) => path.toLowerCase().endsWith('.txt');

/** Whether a path holds images that nobody sorted: a list, or images that are in no folder. */
export async function isUnsorted(path: string): Promise<boolean> {
  if (isList(path)) return isFile(path);
  if (!(await isDirectory(path))) return false;
  const folders = await listFolders(path);
  const areSplits = folders.includes('train') && folders.every((name) => ['train', ...testNames].includes(name));
  const places = areSplits ? folders.map((name) => join(path, name)) : [path];
  for (const place of places) if ((await listFolders(place)).length > 0) return false;
  return (await Promise.all(places.map(findImages))).every((images) => images.length > 0);
}

/** The images of a list, as paths; E_DATA for one without. */
function readList(path: string): string[] {
  const lines = readText(path)
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => resolve(dirname(path), line));
}

async function collect(place: string): Promise<string[]> {
  const images = isList(place) ? readList(place) : (await findImages(place)).map((name) => join(place, name));
  if (images.length > 0) return images;
  throw new TritbankError('E_DATA', place, 'expected .jpg, .jpeg, .png or .webp images, found none');
}

/** Training and test images: by folders of these names, else a part is drawn for the test by a fixed seed. */
async function divide(path: string, fraction: number, notes: string[]): Promise<{ train: string[]; test: string[] }> {
  const folders = isList(path) ? [] : await listFolders(path);
  const testName = testNames.find((name) => folders.includes(name));
  if (folders.includes('train') && testName !== undefined) {
    return { train: await collect(join(path, 'train')), test: await collect(join(path, testName)) };
  }
  const all = await collect(folders.includes('train') ? join(path, 'train') : path);
  if (all.length < 2) {
    const expected = 'expected one folder per class, or two images at least, one of them to judge by';
    throw new TritbankError('E_DATA', path, `${expected}, found ${all.length}`);
  }
  const order = new Random(0, 'test split', 'unlabelled').shuffle(Uint32Array.from(all.keys()));
  const count = Math.min(all.length - 1, Math.max(1, Math.round(fraction * all.length)));
  const chosen = new Set(order.subarray(0, count));
  notes.push(
    `${path}: ${count} of ${all.length} images (a fixed ${fraction * 100} %) are kept apart to judge by, and nothing else sees them`,
  );
  return { train: all.filter((_, i) => !chosen.has(i)), test: all.filter((_, i) => chosen.has(i)) };
}

/**
 * Opens images without labels. All have label 0, of `classCount` classes (default 1); `Dataset.isUnlabelled` says that this
 * means nothing. E_DATA where there are fewer than two, E_FILE for a list that cannot be read.
 */
export async function openUnlabelled(path: string, options: OpenOptions = {}): Promise<Dataset> {
  const testFraction = requireNumber('testFraction', options.testFraction ?? 0.2, 0, 1);
  const classCount = requireInteger('classCount', options.classCount ?? 1, 1);
  const notes: string[] = [`${path}: images without labels`];
  const { train, test } = await divide(path, testFraction, notes);
  const shape = await chooseShape(train[0]!, options, notes);
  const split = (files: readonly string[]) =>
    new FolderSplit(files, new Int32Array(files.length), classCount, shape, options.cropFraction ?? 1);
  return {
    name: basename(resolve(path)),
    classes: Array.from({ length: classCount }, (_, i) => `class ${i}`),
    ...shape,
    train: split(train),
    test: split(test),
    augment: { resizedCrop: true, flip: true },
    isUnlabelled: true,
    notes,
  };
}
