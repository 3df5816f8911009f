/** The listing of a folder of images: one folder per class, images at any depth below it, all in code-point order. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readText } from '../files/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { imageExtension } from './decode.ts';
import { isDirectory, isFile } from './files.ts';

/** What folders with test images are called. */
export const testNames = ['val', 'validation', 'test'];

/** Class folders of one split and the images of each, as paths relative to the class folder. */
export interface Listing {
  readonly dir: string;
  readonly folders: readonly string[];
  readonly files: readonly (readonly string[])[];
}

// Not `localeCompare`: the order decides labels and must not depend on the machine's language.
const byCodePoint = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const unreadable = (dir: string, cause: Error) =>
  new TritbankError('E_FILE', dir, `expected a readable folder, found ${cause.message}`, { cause });

/** Names of the visible folders (or links to folders) in `dir`, sorted. */
export async function listFolders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause) => Promise.reject(unreadable(dir, cause)));
  const visible = entries.filter((e) => !e.name.startsWith('.') && !e.isFile());
  const kept = await Promise.all(
    visible.map(async (e) => e.isDirectory() || (e.isSymbolicLink() && (await isDirectory(join(dir, e.name))))),
  );
  return visible
    .filter((_, i) => kept[i])
    .map((e) => e.name)
    .sort(byCodePoint);
}

/** Images at any depth below `dir`, hidden ones apart, as paths relative to it, sorted. */
export async function findImages(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true }).catch((cause) => Promise.reject(unreadable(dir, cause)));
  return names.filter((name) => imageExtension.test(name) && !/(^|[\\/])\./.test(name)).sort(byCodePoint);
}

/** Lists the class folders of `dir`. E_DATA when there is none, or for one without images. */
export async function listImages(dir: string): Promise<Listing> {
  const folders = await listFolders(dir);
  if (folders.length === 0) {
    const expected = 'expected one folder per class with .jpg, .jpeg, .png or .webp images';
    throw new TritbankError('E_DATA', dir, `${expected}, found no folder`);
  }
  const files: string[][] = [];
  for (const folder of folders) {
    const place = join(dir, folder);
    const names = await findImages(place);
    if (names.length === 0) {
      throw new TritbankError('E_DATA', place, 'expected .jpg, .jpeg, .png or .webp images, found none');
    }
    files.push(names);
  }
  return { dir, folders, files };
}

export interface ClassEntry {
  readonly index: number;
  readonly name: string;
}

/** `classes.json` in `dir`: folder name to class index and name; `undefined` where absent. E_FORMAT when malformed. */
export async function readClassFile(dir: string): Promise<Map<string, ClassEntry> | undefined> {
  const path = join(dir, 'classes.json');
  if (!(await isFile(path))) return undefined;
  const fail = (found: string, cause?: unknown) => {
    const expected = 'expected {"folder": {"index": 0, "name": "text"}, ...}';
    return new TritbankError('E_FORMAT', path, `${expected}, found ${found}`, { cause });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(readText(path));
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : 'no JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw fail('no object');
  const entries = new Map<string, ClassEntry>();
  const taken = new Set<number>();
  for (const [folder, value] of Object.entries(parsed as Record<string, Partial<ClassEntry> | null>)) {
    const { index, name } = value ?? {};
    if (typeof name !== 'string' || !Number.isInteger(index) || index === undefined || index < 0 || index > 65535) {
      throw fail(`${JSON.stringify(value)} for ${folder}`);
    }
    if (taken.has(index)) throw fail(`index ${index} twice`);
    taken.add(index);
    entries.set(folder, { index, name });
  }
  return entries;
}
