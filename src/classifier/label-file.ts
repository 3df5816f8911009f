/**
 * Class names from a file, in any of the forms in which they are handed about:
 *
 *   text      a name on each line
 *   list      ["cat", "dog"], also as {"classes": [...]} or {"labels": [...]}
 *   by index  {"0": "cat", "1": "dog"}, as in Keras also {"0": ["n02121808", "cat"]}; {"id2label": {...}} of model hubs
 *   by name   {"cat": 0, "dog": 1}
 *   folders   classes.json of a data set: {"n01440764": {"index": 0, "name": "tench"}}, of all classes or some
 *
 * All in UTF-8, with or without a byte order mark.
 */

import { readText } from '../files/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { imageNetNames } from './imagenet.ts';

/** The word that stands for ImageNet's classes in place of a file. */
const imageNet = 'imagenet';

const nameOf = (index: number) => `class ${index}`;

/**
 * The names of classes in a file, or ImageNet's for the word `imagenet` (of 1001 classes
 * the first is the background), in the order of the classes. With `classCount`
 * there are so many: E_USAGE for a file with more or fewer, except that a `classes.json` may name some of them only
 * (`class 7` stands for the others). E_FILE for a file that cannot be read, E_FORMAT for one of another form.
 *
 * @example
 * import { readLabels } from 'tritbank';
 *
 * const labels = readLabels('labels.txt');
 * console.log(`class 0 is ${labels[0]}`);
 */
export function readLabels(path: string, classCount?: number): string[] {
  const labels = path === imageNet ? imageNetNames(classCount) : parseLabels(path, readText(path), classCount);
  if (classCount === undefined || labels.length === classCount) return labels;
  throw new TritbankError('E_USAGE', path, `expected ${classCount} names, one a class, found ${labels.length}`);
}

function parseLabels(path: string, text: string, classCount: number | undefined): string[] {
  const labels = /^\s*[[{]/.test(text) ? fromJson(path, text, classCount) : fromLines(text);
  if (labels.length > 0) return labels;
  throw new TritbankError('E_FORMAT', path, 'expected a name on each line, found none');
}

function fromLines(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function fromJson(path: string, text: string, classCount: number | undefined): string[] {
  const fail = (found: string, cause?: unknown) => {
    const expected = 'expected a JSON array of names, or an object of names by index';
    return new TritbankError('E_FORMAT', path, `${expected}, found ${found}`, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail((cause as Error).message, cause);
  }
  if (isObject(value)) value = value.classes ?? value.labels ?? value.id2label ?? value;
  if (Array.isArray(value)) {
    if (value.every((label) => typeof label === 'string')) return value;
    throw fail('an array of other values');
  }
  if (!isObject(value)) throw fail('another value');
  const entries = Object.entries(value).map(([key, entry]) => readEntry(key, entry));
  const odd = entries.indexOf(undefined);
  if (odd >= 0) throw fail(`another value for '${Object.keys(value)[odd]}'`);
  return arrange(entries as readonly Entry[], classCount, fail);
}

interface Entry {
  readonly index: number;
  readonly name: string;
  /** Of a folder: there may be no folder for some classes. */
  readonly isFolder?: true;
}

function readEntry(key: string, value: unknown): Entry | undefined {
  const index = /^\d+$/.test(key) ? Number(key) : undefined;
  const name = Array.isArray(value) ? value.at(-1) : value;
  if (index !== undefined && typeof name === 'string') return { index, name };
  if (isIndex(value)) return { index: value, name: key };
  if (!isObject(value) || !isIndex(value.index) || typeof value.name !== 'string') return undefined;
  return { index: value.index, name: value.name, isFolder: true };
}

/** Largest number of classes, so that an index that is none makes no endless list. */
const most = 65536;

function arrange(
  entries: readonly Entry[],
  classCount: number | undefined,
  fail: (found: string) => TritbankError,
): string[] {
  const names = new Map(entries.map(({ index, name }) => [index, name]));
  if (names.size < entries.length) throw fail('an index twice');
  const least = entries.reduce((count, { index }) => Math.max(count, index + 1), 0);
  if (least > most) throw fail(`index ${least - 1}`);
  const isPartial = entries.some(({ isFolder }) => isFolder);
  const count = isPartial ? Math.max(least, classCount ?? 0) : least;
  const missing = isPartial ? undefined : Array.from({ length: count }, (_, i) => i).find((i) => !names.has(i));
  if (missing !== undefined) throw fail(`no name for index ${missing}`);
  return Array.from({ length: count }, (_, i) => names.get(i) ?? nameOf(i));
}
