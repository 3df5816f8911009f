/** The bytes of an output that must not depend on how it came about: all but times, dates, commands and paths. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const timed = new Set([
  'seconds',
  'imagesPerSecond',
  'milliseconds',
  'trainSeconds',
  'date',
  'machine',
  'command',
  'commands',
  'model',
  'out',
  'data',
  'dataDir',
]);

/** JSON without what depends on the clock and the place. */
const settled = (text: string) =>
  JSON.stringify(JSON.parse(text, (key, value) => (timed.has(key) ? undefined : value)));

/** Pages, events and records say when; a checkpoint says how long. */
const left = /^(report\.html|events\.out\.tfevents\..*|provenance\.jsonl|checkpoint\.safetensors)$/;

/** Of a file in `out`, which records name as the place that they are in. */
function contentOf(path: string, out: string): string | Buffer {
  const bytes = readFileSync(path);
  // JSON may have any name
  if (!path.endsWith('.jsonl') && bytes[0] !== 123) return bytes;
  const text = bytes.toString().replaceAll(out, '');
  return path.endsWith('.jsonl') ? text.trim().split('\n').map(settled).join('\n') : settled(text);
}

/** Files below a folder, or the file itself. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A digest of each file that matters, by its path in `out`. */
export function essenceOf(out: string): Map<string, string> {
  const paths = filesOf(out).filter((path) => !left.test(path.split('/').at(-1)!));
  const digest = (path: string) => createHash('sha256').update(contentOf(path, out)).digest('hex');
  return new Map(paths.sort().map((path) => [relative(out, path), digest(path)]));
}

/** Names that differ between two outputs. */
export function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
}

/** Temporary files and locks at and beside an output. */
export const leftovers = (folder: string): string[] =>
  filesOf(folder)
    .map((path) => relative(folder, path))
    .filter((path) => /(^|\/)\.[^/]*$|\.tmp$|\.layers$/.test(path));
