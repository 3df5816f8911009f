/** Finds and reads liberty files: the user's own, also compressed ones, or the one that Debian brings. */

import { existsSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readBounded } from '../../files/read.ts';
import { reasonOf } from '../../files/reasons.ts';
import { TritbankError } from '../../ir/index.ts';
import { type CellLibrary, parseLibrary } from './library.ts';

/** Of Debian's package `qflow-tech-osu018`: Oklahoma State University's cells for TSMC's 180 nm process. */
export const defaultLibrary = '/usr/share/qflow/tech/osu018/osu018_stdcells.lib';

const advice = "a liberty file: install Debian's qflow-tech-osu018, or name one with --liberty FILE";

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

/**
 * The library in a file, `.gz` or not, by default Debian's. E_FILE where there is none, with what to install; E_FORMAT
 * for a file that is none.
 */
export function openLibrary(path?: string): OpenedLibrary {
  if (path === undefined && !existsSync(defaultLibrary)) {
    throw new TritbankError('E_FILE', '--liberty', `expected ${advice}, found none`);
  }
  const file = path ?? defaultLibrary;
  const text = readText(file);
  return { path: file, text, library: parseLibrary(text, file) };
}
