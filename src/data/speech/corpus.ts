/**
 * What is in a folder of spoken words: `WORD/*.wav`, the lists that divide them, noise, and `speech.json`, which says what is
 * made of them. The layout is that of Speech Commands (Warden, arXiv 1804.03209).
 */

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkJson, parseText, readText } from '../../files/index.ts';
import { TritbankError } from '../../ir/errors.ts';
import { isFile } from '../files.ts';
import { listFolders } from '../scan.ts';
import { type SpeechChoice, speechSchema } from './choice.ts';

/** Long recordings, which are no word. */
export const noiseFolder = '_background_noise_';
export const choiceFile = 'speech.json';
const lists = { validation: 'validation_list.txt', testing: 'testing_list.txt' } as const;

export type Part = 'training' | 'validation' | 'testing';

const isWord = (folder: string) => !folder.startsWith('_');
const isWav = (name: string) => /\.wav$/i.test(name) && !name.startsWith('.');

/** Names of the WAV files in a folder, in code-point order; none where it cannot be read. */
const wavsIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir).catch((): string[] => [])).filter(isWav).sort();

/** True for a folder whose first class folder holds WAV files. */
export async function hasSpeech(dir: string): Promise<boolean> {
  const folders = await listFolders(dir).catch((): string[] => []);
  const first = folders.find(isWord);
  return first !== undefined && (await wavsIn(join(dir, first))).length > 0;
}

/** `speech.json`, where there is one. E_FORMAT for what it should not say. */
export async function readChoice(dir: string): Promise<SpeechChoice> {
  const path = join(dir, choiceFile);
  return (await isFile(path)) ? checkJson(speechSchema, parseText(readText(path), path), path) : {};
}

/** Names of the folders that are words. E_DATA where there are none. */
export async function listWords(dir: string, advice: string): Promise<string[]> {
  const words = (await listFolders(dir).catch((): string[] => [])).filter(isWord);
  if (words.length > 0) return words;
  throw new TritbankError('E_DATA', dir, `expected a folder of .wav files for each word, found none${advice}`);
}

/** The clips of a word, as `word/file.wav`. E_DATA for a folder without any. */
export async function listClips(dir: string, word: string): Promise<string[]> {
  const names = await wavsIn(join(dir, word));
  if (names.length > 0) return names.map((name) => `${word}/${name}`);
  throw new TritbankError('E_DATA', join(dir, word), 'expected .wav files, found none');
}

/** Paths of the noise recordings; none where there is no such folder. */
export const listNoise = async (dir: string): Promise<string[]> =>
  (await wavsIn(join(dir, noiseFolder))).map((name) => join(dir, noiseFolder, name));

/** Shares of clips that are for validation and for testing, where no list says so, in %. */
const validationShare = 10;
const testingShare = 10;
const hashRange = 2 ** 27 - 1;

/**
 * By the rule by which Speech Commands was divided (TensorFlow's `which_set`): a hash of the file's name before `_nohash_`, the
 * speaker, so that all clips of one are in the same part.
 */
export function partByName(clip: string): Part {
  const speaker = basename(clip).replace(/_nohash_.*$/, '');
  const digest = createHash('sha1').update(speaker).digest();
  const share = ((digest.readUInt32BE(16) & hashRange) * 100) / hashRange;
  if (share < validationShare) return 'validation';
  return share < validationShare + testingShare ? 'testing' : 'training';
}

/** Which part a clip is in: by the lists, or by its name where there is neither list. */
export async function readParts(dir: string): Promise<(clip: string) => Part> {
  const listed = new Map<string, Part>();
  let found = false;
  for (const [part, name] of Object.entries(lists)) {
    const path = join(dir, name);
    if (!(await isFile(path))) continue;
    found = true;
    for (const line of readText(path).split(/\r?\n/)) if (line.trim() !== '') listed.set(line.trim(), part as Part);
  }
  return found ? (clip) => listed.get(clip) ?? 'training' : partByName;
}
