/**
 * What analyses found, kept by content: a decomposition depends on its weights, on how their errors are weighed and on its
 * options, and on nothing else, so that the same layer is decomposed once, in whichever network and run. Files that are
 * damaged count as absent.
 */

import { createHash } from 'node:crypto';
import { cacheFolder, openFileCache } from '../files/index.ts';
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
const version = 3;

/** `$XDG_CACHE_HOME/tritbank/analysis`, by default in `~/.cache`; undefined where `TRITBANK_CACHE` is `off`. */
export const cacheDirectory = (environment?: NodeJS.ProcessEnv): string | undefined =>
  cacheFolder('analysis', environment);

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
  const { residuals, nonZero, relativeNoise } = JSON.parse(text) as Partial<Fits>;
  const isWhole =
    Array.isArray(residuals) &&
    residuals.length === widths.length &&
    residuals.every((row) => isNumbers(row, filters)) &&
    isNumbers(nonZero, widths.length) &&
    isNumbers(relativeNoise, widths.length);
  return isWhole ? { residuals, nonZero: nonZero!, relativeNoise: relativeNoise! } : undefined;
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
export function openCache(directory: string, maxBytes?: number): FitsCache {
  const files = openFileCache(directory, maxBytes);
  const nameOf = (task: LayerWeights) => `${keyOf(task)}.json`;
  return {
    get: (task) => files.get(nameOf(task), (content) => parse(content.toString('utf8'), task)),
    put: (task, fits) => files.put(nameOf(task), JSON.stringify(fits)),
    prune: () => files.prune(),
  };
}
