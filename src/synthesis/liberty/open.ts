/** Finds and reads liberty files: the user's own, also compressed ones, the one that Debian brings, the one built in. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readBounded } from '../../files/read.ts';
import { reasonOf } from '../../files/reasons.ts';
import { TritbankError } from '../../ir/index.ts';
import { type CellLibrary, parseLibrary } from './library.ts';

/** Libraries that have a name, and where they are. */
export const namedLibraries = {
  /** Of Debian's package `qflow-tech-osu018`: Oklahoma State University's cells for TSMC's 180 nm process. */
  osu018: '/usr/share/qflow/tech/osu018/osu018_stdcells.lib',
  /** Comes with Tritbank: some of SkyWater's cells, `hardware/liberty/README.md` says which. */
  sky130: fileURLToPath(new URL('../../../hardware/liberty/sky130hd-subset.lib', import.meta.url)),
} as const;
export type LibraryName = keyof typeof namedLibraries;

export const libraryNames = Object.keys(namedLibraries) as readonly LibraryName[];

/** What is read where none is named: Debian's where it is installed, else the one that is built in. */
export const defaultLibrary = (): LibraryName => (existsSync(namedLibraries.osu018) ? 'osu018' : 'sky130');

const advice = 'a liberty file, or sky130 (built in)';

/** Liberty files of whole libraries have up to 100 MB; more is a mistake, or an attack by compression. */
const mostBytes = 2 ** 28;

export interface OpenedLibrary {
  readonly path: string;
  /** For yosys, which reads no compressed files here. */
  readonly text: string;
  readonly library: CellLibrary;
}

function readText(path: string): string {
  const bytes = readBounded(path, { expected: advice, mostBytes });
  try {
    const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (isCompressed ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes).toString('utf8');
  } catch (cause) {
    throw new TritbankError('E_FILE', path, `expected ${advice}, found ${reasonOf(cause)}`, { cause });
  }
}

const isName = (text: string): text is LibraryName => libraryNames.some((name) => name === text);

/**
 * The library of a name, `osu018` or `sky130`, or in a file, `.gz` or not; by default `defaultLibrary()`. E_FILE where there
 * is none, with what to install; E_FORMAT for a file that is none.
 */
export function openLibrary(nameOrPath: string = defaultLibrary()): OpenedLibrary {
  const path = isName(nameOrPath) ? namedLibraries[nameOrPath] : nameOrPath;
  if (nameOrPath === 'osu018' && !existsSync(path)) {
    const expected =
      "expected the file of Debian's qflow-tech-osu018, found none: install it, or take sky130, built in";
    throw new TritbankError('E_FILE', path, expected);
  }
  const text = readText(path);
  return { path, text, library: parseLibrary(text, path) };
}
