/**
 * Files that a command will write, looked at before it works: whether they can be written, are nobody else's, and are not
 * what the command reads.
 */

import { accessSync, constants, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { TritbankError } from '../ir/index.ts';
import { fileError } from './errors.ts';
import { probeDirectory, probeRunDirectory } from './files.ts';
import { followLinks, isPassedOn, statOf } from './replace.ts';

export interface OutputChoice {
  /** Replace files that are there. */
  readonly force?: boolean | undefined;
  /** Files and folders that the command reads. Names that are no path, as those of data sets, say nothing. */
  readonly inputs?: readonly (string | undefined)[];
  /** Take no devices and pipes: what is written is a model, which is replaced whole or not at all. */
  readonly models?: boolean;
}

/** The path behind links; undefined where nothing is there. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Those of `inputs` that are `path` or lie in it. */
export function inputsIn(path: string, inputs: readonly (string | undefined)[]): string[] {
  const place = realPath(path);
  if (place === undefined) return [];
  const own = statSync(place, { throwIfNoEntry: false });
  // a pipe has a name that is no path
  if (!own) return [];
  const { dev, ino } = own;
  return inputs.filter((input): input is string => {
    const real = input === undefined ? undefined : realPath(input);
    if (real === undefined) return false;
    const stats = statSync(real);
    // file systems that ignore case, and mounts, have several paths for one file
    return real === place || real.startsWith(place + sep) || (stats.ino === ino && stats.dev === dev && ino !== 0);
  });
}

/** Throws E_FILE where a file cannot be written at `path`; leaves nothing there. */
function prove(path: string, stats: Stats | undefined): void {
  try {
    if (stats && isPassedOn(stats)) {
      accessSync(path, constants.W_OK);
      return;
    }
    probeDirectory(dirname(followLinks(path)));
  } catch (cause) {
    throw fileError(path, 'a writable file', cause);
  }
}

const kindOf = (stats: Stats) =>
  stats.isDirectory() ? 'a directory' : stats.isFIFO() ? 'a pipe' : stats.isSocket() ? 'a socket' : 'a device';

function look(path: string, models: boolean): Stats | undefined {
  let stats: Stats | undefined;
  try {
    stats = statOf(path);
  } catch (cause) {
    throw fileError(path, 'a writable file', cause);
  }
  if (stats && !stats.isFile() && !isPassedOn(stats)) {
    throw new TritbankError('E_FILE', path, `expected a place for a file, found ${kindOf(stats)}`);
  }
  if (models && stats && isPassedOn(stats)) {
    const expected = 'expected a file, since a model is written whole or not at all';
    throw new TritbankError('E_FILE', path, `${expected}, found ${kindOf(stats)}`);
  }
  return stats;
}

/**
 * Checks the files of options, by the options' names. E_FILE for one that cannot be written; E_USAGE for one that is
 * there and has something in it, unless `force` is given, for one of the inputs in any case, and for two that are one.
 */
export function claimOutputs(
  outputs: Readonly<Record<string, string | undefined>>,
  { force = false, inputs = [], models = false }: OutputChoice = {},
): void {
  const taken = new Map<string, string>();
  for (const [option, path] of Object.entries(outputs)) {
    if (path === undefined) continue;
    const stats = look(path, models);
    const [input] = inputsIn(path, inputs);
    if (input !== undefined) {
      throw new TritbankError('E_USAGE', option, `expected another file than what is read, found ${input}`);
    }
    if (stats?.isFile() && stats.size > 0 && !force) {
      throw new TritbankError('E_USAGE', option, `expected no file there, or --force to replace it, found ${path}`);
    }
    const place = resolve(followLinks(path));
    const other = taken.get(place);
    if (other !== undefined && !(stats && isPassedOn(stats))) {
      throw new TritbankError('E_USAGE', option, `expected another file than that of ${other}, found ${path} twice`);
    }
    taken.set(place, option);
    prove(path, stats);
  }
}

/**
 * Checks the folder of an option. E_USAGE for one that has something in it, unless it is an earlier output, which has a
 * file `sign`, and `force` is given; E_FILE where it cannot be written.
 */
export function claimFolder(option: string, path: string, { force, sign }: { force?: boolean; sign: string }): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isDirectory())
    throw new TritbankError('E_FILE', path, 'expected a folder or nothing, found a file');
  const entries = stats ? readdirSync(path) : [];
  if (entries.length > 0 && !entries.includes(sign)) {
    const expected = 'expected an empty folder, or one of an earlier export';
    throw new TritbankError('E_USAGE', option, `${expected}, found other files in ${path}`);
  }
  if (entries.length > 0 && !force) {
    throw new TritbankError('E_USAGE', option, `expected no folder there, or --force to replace it, found ${path}`);
  }
  probeRunDirectory(path);
}
