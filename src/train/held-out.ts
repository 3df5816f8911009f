/**
 * The images that are held out for validation, as a list in the run directory: a run that goes on holds out the same ones,
 * whatever has become of the data, since what it has measured was measured on these.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Division, divideAt, type Split } from '../data/index.ts';
import { readText, writeFileAtomic } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { RunOptions } from './context.ts';
import { runFiles } from './run-layout.ts';

/** A file with the folder of its class: where the data are on this machine makes no difference. */
const keyOf = (description: string) => description.split(/[\\/]/).slice(-2).join('/');

const listIn = (directory: string) => join(directory, runFiles.validation);

/** The images that a run holds out, a line each. */
export function writeHeldOut(directory: string, heldOut: Split): void {
  const lines = Array.from({ length: heldOut.length }, (_, i) => `${heldOut.describe(i)}\n`);
  writeFileAtomic(listIn(directory), lines.join(''));
}

/** The lines of a run that goes on; undefined of a new one. */
export function storedHeldOut({ out, resume }: Pick<RunOptions, 'out' | 'resume'>): readonly string[] | undefined {
  const path = listIn(out);
  if (!resume || !existsSync(path)) return undefined;
  return readText(path)
    .split('\n')
    .filter((line) => line !== '');
}

/** Holds out the images of the list. E_RESUME, naming the first one, where some are no longer among the training images. */
export function holdOutAgain(split: Split, stored: readonly string[], directory: string): Division {
  const places = new Map(Array.from({ length: split.length }, (_, i) => [keyOf(split.describe(i)), i]));
  const indices = stored.map((line) => places.get(keyOf(line)));
  const missing = stored.filter((_, k) => indices[k] === undefined);
  if (missing.length === 0) return divideAt(split, indices as number[]);
  const expected = `expected the ${stored.length} images that this run holds out among the training images`;
  const found = `found ${missing.length} missing, ${missing[0]} first (removed, or the data are divided in another way now)`;
  throw new TritbankError('E_RESUME', listIn(directory), `${expected}, ${found}`);
}
