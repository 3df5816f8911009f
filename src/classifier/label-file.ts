/** Class names from a file: a JSON array of texts, or a text with a name on each line. */

import { readFileSync } from 'node:fs';
import { fileError } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';

/**
 * The names of classes in a file, in the order of the classes. E_FILE for a file that cannot be read, E_FORMAT for
 * JSON of another kind or a file without any name.
 *
 * @example
 * import { readLabels } from 'tritbank';
 *
 * const labels = readLabels('labels.txt');
 * console.log(`class 0 is ${labels[0]}`);
 */
export function readLabels(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError(path, 'a readable file', cause);
  }
  const labels = text.trimStart().startsWith('[') ? fromJson(path, text) : fromLines(text);
  if (labels.length > 0) return labels;
  throw new TritbankError('E_FORMAT', path, 'expected a name on each line, found none');
}

function fromLines(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function fromJson(path: string, text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TritbankError('E_FORMAT', path, `expected a JSON array of texts, found ${(cause as Error).message}`);
  }
  if (Array.isArray(value) && value.every((label) => typeof label === 'string')) return value;
  throw new TritbankError('E_FORMAT', path, 'expected a JSON array of texts, found other values');
}
