/**
 * What analyses found, kept by content: a decomposition depends on its weights, on how their errors are weighed and on its
 * options, and on nothing else, so that the same layer is decomposed once, in whichever network and run. A file for each
 * decomposition, named by a hash of all of it; files that are damaged count as absent, and the oldest go when there are too
 * many. A cache that cannot be written is one that stays empty.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/index.ts';
import type { Fits } from './analysis-tasks.ts';
import type { LayerWeights } from './decompose/parallel.ts';

export interface FitsCache {
  /** Undefined for what is not known. */
  get(task: LayerWeights): Fits | undefined;
  put(task: LayerWeights, fits: Fits): void;
  /** Removes what has not been used for longest, if there is too much. */
  prune(): void;
}

/** Changes where decompositions do. */
const version = 1;
const mebibytes = 64;

/** `$XDG_CACHE_HOME/tritbank/analysis`, by default in `~/.cache`; undefined where `TRITBANK_CACHE` is `off`. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { TRITBANK_CACHE: own, XDG_CACHE_HOME: base } = environment;
  if (own === 'off') return undefined;
  return join(own || join(base || join(homedir(), '.cache'), 'tritbank'), 'analysis');
}

const digests = new WeakMap<object, string>();

/** A hash of an array's bytes. Arrays do not change while they are analysed; several blocks share their covariances. */
function digest(array: Float32Array | Float64Array): string {
  const known = digests.get(array);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const found = `${array.BYTES_PER_ELEMENT} ${createHash('sha256').update(bytes).digest('hex')}`;
  digests.set(array, found);
  return found;
}

function keyOf({ weights, filters, inputs, options }: LayerWeights): string {
  const { name: _, ...rest } = options;
  const parts = Object.entries({ ...rest, weights, filters, inputs, version })
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => {
      const isArray = value instanceof Float32Array || value instanceof Float64Array;
      return [key, isArray ? digest(value) : value];
    });
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

const isNumbers = (value: unknown, length: number): boolean =>
  Array.isArray(value) && value.length === length && value.every((v) => Number.isFinite(v) && v >= 0);

/** What a file says; undefined for one that says something else. */
function parse(text: string, { filters, options: { widths = [] } }: LayerWeights): Fits | undefined {
  const { residuals, nonZero } = JSON.parse(text) as Partial<Fits>;
  const isWhole =
    Array.isArray(residuals) &&
    residuals.length === widths.length &&
    residuals.every((row) => isNumbers(row, filters)) &&
    isNumbers(nonZero, widths.length);
  return isWhole ? { residuals, nonZero: nonZero! } : undefined;
}

/** Does without what a file system refuses. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/**
 * The cache in a directory, which is made when it is needed; it is kept below `maxBytes` (default: 64 MiB).
 *
 * @example
 * import { analyzeNetwork, loadModel, normalizeNetwork, openCache } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const cache = openCache('analysis-cache');
 * await analyzeNetwork(graph, { ratios: [1], threads: 1, cache });
 * const again = await analyzeNetwork(graph, { ratios: [1], threads: 1, cache }); // decomposes nothing
 * console.log(again.layers.length);
 */
export function openCache(directory: string, maxBytes = mebibytes * 2 ** 20): FitsCache {
  const pathOf = (task: LayerWeights) => join(directory, `${keyOf(task)}.json`);
  return {
    get(task) {
      const path = pathOf(task);
      return attempt(() => {
        const found = parse(readFileSync(path, 'utf8'), task);
        const now = new Date();
        if (found) utimesSync(path, now, now);
        return found;
      });
    },
    put(task, fits) {
      attempt(() => {
        mkdirSync(directory, { recursive: true });
        writeFileAtomic(pathOf(task), JSON.stringify(fits));
      });
    },
    prune() {
      attempt(() => removeOldest(directory, maxBytes));
    },
  };
}

function removeOldest(directory: string, maxBytes: number): void {
  const files = readdirSync(directory)
    .flatMap((name) => {
      const path = join(directory, name);
      const stats = attempt(() => statSync(path));
      return stats?.isFile() ? [{ path, bytes: stats.size, used: stats.mtimeMs }] : [];
    })
    .sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { path, bytes } of files) {
    total += bytes;
    if (total > maxBytes) rmSync(path, { force: true });
  }
}
