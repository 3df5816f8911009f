/**
 * Folders of images, `class/name.jpg`, in ImageNet's layout (`train/` and `val/` with a folder per class in each) or
 * without split folders. Only file names are held in memory; images are decoded when read. `sharp` runs at most four
 * decodes at a time (libuv's thread pool) whatever is asked for.
 */

import { basename, join, resolve } from 'node:path';
import { TritbankError } from '../ir/errors.ts';
import { Random } from '../ir/random.ts';
import { type Dataset, type OpenOptions, requireInteger, requireNumber } from './dataset.ts';
import { chooseShape, FolderSplit } from './folder-split.ts';
import { type ClassEntry, type Listing, listFolders, listImages, readClassFile, testNames } from './scan.ts';

/** What people call the parts of a data set, rightly or nearly so. */
const splitLike = /^(train(ing)?|valid(ation)?|val|dev|test(ing)?)$/i;

interface Labelled {
  readonly files: string[];
  readonly labels: number[];
}

/** Opens a folder of images. E_DATA for an empty folder, an empty class, classes that differ between the splits. */
export async function openFolder(dir: string, options: OpenOptions = {}): Promise<Dataset> {
  const testFraction = requireNumber('testFraction', options.testFraction ?? 0.1, 0, 1);
  const cropFraction = requireNumber('cropFraction', options.cropFraction ?? 1, 0.1, 1);
  const notes: string[] = [];
  const { train, test } = await findSplits(dir, options, notes);
  const main = train ?? test!;
  const classFile = await readClassFile(dir);
  // with indices, the splits may show different classes
  const folders = train && test ? [...new Set([...train.folders, ...test.folders])].sort() : main.folders;
  const { labelOf, classes } = numberClasses(dir, folders, classFile, options);

  let trainItems: Labelled = { files: [], labels: [] };
  let testItems: Labelled = { files: [], labels: [] };
  if (train && test) {
    trainItems = label(train, labelOf);
    testItems = label(test, labelOf);
  } else if (test) {
    testItems = label(test, labelOf);
    notes.push(`${dir}: no training images, only ${testItems.files.length} for evaluation`);
  } else {
    divide(main, labelOf, testFraction, trainItems, testItems);
    if (testItems.files.length === 0 && testFraction > 0)
      ({ trainItems, testItems } = drawAnywhere(trainItems, testFraction));
    const total = testItems.files.length + trainItems.files.length;
    notes.push(
      `${dir}: no ${testNames.join('/, ')}/ folder, so ${testItems.files.length} of ${total} images ` +
        `(a fixed ${testFraction * 100} %, of each class where it has several) are the test split`,
    );
  }
  const first = trainItems.files[0] ?? testItems.files[0]!;
  const shape = await chooseShape(first, options, notes);
  const split = ({ files, labels }: Labelled) =>
    new FolderSplit(files, Int32Array.from(labels), classes.length, shape, cropFraction);
  return {
    name: basename(resolve(dir)),
    classes,
    ...(options.labels !== 'index' && { folders: main.folders }),
    ...shape,
    train: split(trainItems),
    test: split(testItems),
    augment: { resizedCrop: true, flip: true },
    notes,
  };
}

interface SplitFolders {
  readonly hasTrain: boolean;
  /** Those of `testNames` that hold classes. */
  readonly tests: readonly string[];
}

/**
 * The folders that divide the data. A class may be called "train" too: only a folder of folders is a split. E_DATA for
 * folders that are meant as splits, by what they are called or by what is beside them, and cannot be used as such.
 */
async function findSplitFolders(dir: string, options: OpenOptions, notes: string[]): Promise<SplitFolders> {
  const folders = await listFolders(dir);
  const alike = folders.filter((name) => splitLike.test(name));
  const holding: string[] = [];
  for (const name of alike) if ((await listFolders(join(dir, name))).length > 0) holding.push(name);
  const splits = ['train', ...testNames];
  const hasTrain = holding.includes('train');
  const tests = testNames.filter((name) => holding.includes(name));
  const isDivided = hasTrain || tests.length > 0;
  const isWhole = hasTrain && tests.length > 0;
  const odd = alike.filter((name) => !(splits.includes(name) && holding.includes(name)));
  // beside a split, or among nothing else, or holding classes: then it is no class
  const isMeant = isDivided || odd.length === folders.length || odd.some((name) => holding.includes(name));
  if (odd.length > 0 && isMeant && !isWhole && folders.length > 1) {
    const expected = `expected train/ and ${testNames.join('/, ')}/, in lower case, with a folder for each class in them`;
    throw new TritbankError('E_DATA', dir, `${expected}, found ${odd.map((name) => `${name}/`).join(', ')}`);
  }
  const ignored = isDivided ? folders.filter((name) => !(splits.includes(name) && holding.includes(name))) : [];
  if (ignored.length > 0) {
    const note = `${dir}: ${ignored.slice(0, 3).join('/, ')}/${ignored.length > 3 ? ' ...' : ''} beside the splits is ignored`;
    notes.push(note);
    options.warn?.(note);
  }
  return { hasTrain, tests };
}

/** `train` and `test` listings; only `train` when the folder is not divided, only `test` when it has no `train/`. */
async function findSplits(
  dir: string,
  options: OpenOptions,
  notes: string[],
): Promise<{ train?: Listing; test?: Listing }> {
  const { hasTrain, tests: present } = await findSplitFolders(dir, options, notes);
  const chosen = present[0];
  if (present.length > 1) {
    const note = `${dir}: ${present.join('/, ')}/ are present, ${chosen}/ is used as the test split`;
    notes.push(note);
    options.warn?.(note);
  }
  if (!hasTrain && chosen === undefined) return { train: await listImages(dir) };
  const train = hasTrain ? await listImages(join(dir, 'train')) : undefined;
  const test = chosen === undefined ? undefined : await listImages(join(dir, chosen));
  if (options.labels !== 'index' && train && test && test.folders.join('/') !== train.folders.join('/')) {
    const odd =
      test.folders.find((f) => !train.folders.includes(f)) ?? train.folders.find((f) => !test.folders.includes(f));
    const expected = `expected the same classes in train/ and ${chosen}/ (or a classes.json with their indices)`;
    throw new TritbankError('E_DATA', dir, `${expected}, found '${odd}' in one`);
  }
  return { ...(train && { train }), ...(test && { test }) };
}

function numberClasses(
  dir: string,
  folders: readonly string[],
  classFile: Map<string, ClassEntry> | undefined,
  options: OpenOptions,
): { labelOf: ReadonlyMap<string, number>; classes: readonly string[] } {
  if (options.labels !== 'index') {
    return {
      labelOf: new Map(folders.map((folder, i) => [folder, i])),
      classes: folders.map((f) => classFile?.get(f)?.name ?? f),
    };
  }
  if (!classFile) throw new TritbankError('E_DATA', join(dir, 'classes.json'), 'expected class indices, found no file');
  const entries = folders.map((folder) => {
    const entry = classFile.get(folder);
    if (entry) return entry;
    throw new TritbankError('E_DATA', join(dir, 'classes.json'), `expected an entry for '${folder}', found none`);
  });
  const least = Math.max(...entries.map((e) => e.index)) + 1;
  const count = requireInteger('classCount', options.classCount ?? least, least);
  const classes = Array.from({ length: count }, (_, i) => `class ${i}`);
  for (const entry of classFile.values()) if (entry.index < count) classes[entry.index] = entry.name;
  return { labelOf: new Map(folders.map((folder, i) => [folder, entries[i]!.index])), classes };
}

function label(listing: Listing, labelOf: ReadonlyMap<string, number>): Labelled {
  const result: Labelled = { files: [], labels: [] };
  for (const [i, names] of listing.files.entries()) append(result, listing, i, labelOf, names);
  return result;
}

function append(
  to: Labelled,
  listing: Listing,
  folder: number,
  labelOf: ReadonlyMap<string, number>,
  names: readonly string[],
): void {
  const base = join(listing.dir, listing.folders[folder]!);
  const label = labelOf.get(listing.folders[folder]!)!;
  for (const name of names) {
    to.files.push(join(base, name));
    to.labels.push(label);
  }
}

/** The same of classes of one image each: whole classes go. */
function drawAnywhere({ files, labels }: Labelled, fraction: number): { trainItems: Labelled; testItems: Labelled } {
  const order = new Random(0, 'test split', 'any class').shuffle(Uint32Array.from(files.keys()));
  const chosen = new Set(
    order.subarray(0, Math.min(files.length - 1, Math.max(1, Math.round(files.length * fraction)))),
  );
  const pick = (isTest: boolean): Labelled => ({
    files: files.filter((_, i) => chosen.has(i) === isTest),
    labels: labels.filter((_, i) => chosen.has(i) === isTest),
  });
  return { trainItems: pick(false), testItems: pick(true) };
}

/** Draws the test images of each class by a fixed seed; every class keeps a training image unless `fraction` is 1. */
function divide(
  listing: Listing,
  labelOf: ReadonlyMap<string, number>,
  fraction: number,
  train: Labelled,
  test: Labelled,
): void {
  for (const [i, names] of listing.files.entries()) {
    const order = new Random(0, 'test split', listing.folders[i]!).shuffle(names.map((_, k) => k));
    const wanted = fraction > 0 ? Math.max(1, Math.round(names.length * fraction)) : 0;
    const count = fraction < 1 ? Math.min(wanted, names.length - 1) : names.length;
    const chosen = new Set(order.slice(0, count));
    append(
      test,
      listing,
      i,
      labelOf,
      names.filter((_, k) => chosen.has(k)),
    );
    append(
      train,
      listing,
      i,
      labelOf,
      names.filter((_, k) => !chosen.has(k)),
    );
  }
}
