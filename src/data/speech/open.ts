/** A folder of spoken words as a data set: images of one channel, a row per window of time, a column per coefficient. */

import { basename, join, resolve } from 'node:path';
import { formatSize, isSameSize, sizeOf } from '../../images/size.ts';
import { TritbankError } from '../../ir/errors.ts';
import { Random } from '../../ir/random.ts';
import type { Dataset, OpenOptions } from '../dataset.ts';
import type { Known } from '../known.ts';
import { type Clip, ClipSplit, readNoise } from './clips.ts';
import {
  choiceFile,
  listClips,
  listNoise,
  listWords,
  noiseFolder,
  type Part,
  readChoice,
  readParts,
} from './corpus.ts';
import { checkFeatures, FeatureExtractor, helloEdge } from './features.ts';

export const silence = '_silence_';
export const unknown = '_unknown_';

/** Clips of silence, and of unknown words, for a hundred of the words. */
const extraShare = 0.1;

/** What a folder is opened as. */
interface Choice {
  readonly words: readonly string[];
  readonly silence: boolean;
  readonly unknown: boolean;
  readonly test: 'testing' | 'validation';
}

/**
 * Opens a folder of Speech Commands' layout. With `known`, its classes; without, all words; `speech.json` in the folder overrides
 * both. E_DATA for absent words, noise that is needed and absent, an empty split; E_FORMAT for a wrong `speech.json`.
 */
export async function openSpeech(dir: string, known: Known | undefined, options: OpenOptions = {}): Promise<Dataset> {
  const given = await readChoice(dir);
  const all = await listWords(dir, known ? `; ${known.advice} this directory` : '');
  const choice: Choice = {
    words: given.words ?? known?.classes.filter((name) => !name.startsWith('_')) ?? all,
    silence: given.silence ?? known !== undefined,
    unknown: given.unknown ?? known !== undefined,
    test: given.test ?? 'testing',
  };
  const missing = choice.words.find((word) => !all.includes(word));
  if (missing !== undefined) {
    const advice = `'words' in ${choiceFile} chooses others`;
    throw new TritbankError(
      'E_DATA',
      dir,
      `expected a folder '${missing}', found ${all.slice(0, 5).join(', ')}; ${advice}`,
    );
  }
  const features = given.features ?? helloEdge;
  checkFeatures(features, join(dir, choiceFile));
  const extractor = new FeatureExtractor(features);
  requireSize(dir, extractor, options);

  const noiseFiles = await listNoise(dir);
  if (choice.silence && noiseFiles.length === 0) {
    const expected = `expected recordings of noise in ${noiseFolder}/ for the class ${silence}`;
    throw new TritbankError('E_DATA', dir, `${expected}, found none ("silence": false in ${choiceFile} does without)`);
  }
  const source = { dir, extractor, noise: await readNoise(noiseFiles, extractor) };
  const classes = [...(choice.silence ? [silence] : []), ...(choice.unknown ? [unknown] : []), ...choice.words];
  const parts = await divide(dir, all, classes, choice);
  const split = (part: Part) => new ClipSplit(source, part, parts[part], classes.length);
  const [train, test] = [split('training'), split(choice.test)];
  for (const [name, { length }] of Object.entries({ training: train, [choice.test]: test })) {
    if (length > 0) continue;
    const advice = 'testing_list.txt and validation_list.txt say which clips are which';
    throw new TritbankError('E_DATA', dir, `expected clips for ${name}, found none; ${advice}`);
  }
  const other = choice.test === 'testing' ? 'validation' : 'testing';
  const notes = [
    `${dir}: ${train.length} clips for training, ${test.length} of ${choice.test} as the test split; ` +
      `${parts[other].length} of ${other} are left out`,
  ];
  return {
    name: known?.name ?? basename(resolve(dir)),
    classes,
    channels: 1,
    height: extractor.height,
    width: extractor.width,
    train,
    test,
    augment: { own: true },
    inputFeatures: JSON.stringify(features),
    notes,
  };
}

/** The size is what the features say. E_USAGE for another. */
function requireSize(dir: string, size: FeatureExtractor, { imageSize }: OpenOptions): void {
  if (imageSize === undefined || isSameSize(sizeOf(imageSize), size)) return;
  const expected = `expected ${formatSize(size)}, windows by numbers of each ('features' in ${choiceFile} gives others)`;
  const found = formatSize(sizeOf(imageSize));
  throw new TritbankError('E_USAGE', `imageSize of ${dir}`, `${expected}, found ${found}`);
}

/** The clips of each part: all of the words, and as the choice says a tenth as many of silence and of other words. */
async function divide(
  dir: string,
  all: readonly string[],
  classes: readonly string[],
  choice: Choice,
): Promise<Record<Part, Clip[]>> {
  const partOf = await readParts(dir);
  const parts: Record<Part, Clip[]> = { training: [], validation: [], testing: [] };
  const others: Record<Part, string[]> = { training: [], validation: [], testing: [] };
  for (const word of choice.unknown ? all : choice.words) {
    const label = choice.words.includes(word) ? classes.indexOf(word) : -1;
    for (const file of await listClips(dir, word)) {
      if (label >= 0) parts[partOf(file)].push({ file, label });
      else others[partOf(file)].push(file);
    }
  }
  for (const part of ['training', 'validation', 'testing'] as const) {
    const count = Math.ceil(extraShare * parts[part].length);
    if (choice.unknown) {
      const label = classes.indexOf(unknown);
      const order = new Random(0, 'unknown words', part).shuffle(others[part].map((_, k) => k)).slice(0, count);
      parts[part].push(...order.sort((a, b) => a - b).map((k) => ({ file: others[part][k], label })));
    }
    if (choice.silence) {
      const label = classes.indexOf(silence);
      for (let i = 0; i < count; i++) parts[part].push({ file: undefined, label });
    }
  }
  return parts;
}
