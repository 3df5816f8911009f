/**
 * ONNX models on disk, with external data beside them: the only file of this folder that needs Node. Saving writes to
 * temporary names in the same folder and renames, so that a failure leaves the previous files as they were.
 */

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type Content, replaceFiles, statOf } from '../files/replace.ts';
import { type Graph, type LimitOptions, TritbankError } from '../ir/index.ts';
import { inferNode } from '../ops/shape.ts';
import { externalRanges } from './external.ts';
import { buildGraph, decodeModel, inFile } from './read.ts';
import { fileError, limitOf, readRanges, readWhole } from './read-files.ts';
import type { ExternalSink } from './tensors.ts';
import { initializerBytes, maxModelBytes, type WriteOptions, writeModel } from './write.ts';

export interface SaveOptions extends Omit<WriteOptions, 'external'> {
  /** Store large tensors in `PATH.data`. Default: only when the model would not fit one file (2 GiB). */
  readonly externalData?: boolean;
}

/** Tensors below this many bytes stay in the model file. */
const externalThreshold = 1024;
/** Offsets in the data file, so that readers can map it into memory. */
const alignment = 4096;

export interface StoredModel {
  readonly graph: Graph;
  /** Of the file and of its external data. */
  readonly fileBytes: number;
}

/**
 * Loads a model with its external data. The environment variable TRITBANK_LIMIT is the limit where none is given.
 * E_FILE for absent or unreadable files, otherwise as `readModel`.
 *
 * @example
 * import { loadModel } from 'tritbank/graph';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * for (const { name, shape } of graph.inputs) console.log(name, shape);
 */
export const loadModel = async (path: string, options?: LimitOptions): Promise<Graph> =>
  (await openModel(path, options)).graph;

/**
 * Loads a model with its external data, and says how many bytes both take on disk. Throws what `loadModel` throws.
 *
 * @example
 * import { openModel } from 'tritbank/graph';
 *
 * const { graph, fileBytes } = await openModel('mobilenet.onnx');
 * console.log(graph.nodes.length, 'nodes in', fileBytes, 'bytes');
 */
export const openModel = async (path: string, options: LimitOptions = {}): Promise<StoredModel> =>
  openBytes(path, await readWhole(path), options);

/** Opens the model that a file holds, whose content was read already. Throws what `loadModel` throws. */
export async function openBytes(path: string, bytes: Uint8Array, options: LimitOptions): Promise<StoredModel> {
  const limit = limitOf(options);
  const model = inFile(path, () => decodeModel(bytes));
  const ranges = inFile(path, () => externalRanges(model.graph));
  const { source, fileBytes } = await readRanges(path, ranges);
  return {
    graph: inFile(path, () => buildGraph(model, source, limit, inferNode)),
    fileBytes: bytes.length + fileBytes,
  };
}

/**
 * Saves a model, with its large tensors as external data where asked for or needed. E_FILE where it cannot write, and
 * what `writeModel` throws.
 *
 * @example
 * import { loadModel, saveModel } from 'tritbank/graph';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * graph.metadata.set('author', 'me');
 * await saveModel(graph, 'copy.onnx', { externalData: true }); // and copy.onnx.data
 */
export async function saveModel(graph: Graph, path: string, options: SaveOptions = {}): Promise<void> {
  const { externalData = initializerBytes(graph) > maxModelBytes - 2 ** 26, ...rest } = options;
  if (!externalData) {
    writeFiles([[path, [writeModel(graph, rest)]]]);
    return;
  }
  const data = new DataFile(`${basename(path)}.data`);
  const model = writeModel(graph, { ...rest, external: data });
  // the data first: a new model never refers to bytes that are not there yet
  writeFiles([
    [`${path}.data`, data.pieces],
    [path, [model]],
  ]);
}

class DataFile implements ExternalSink {
  readonly threshold = externalThreshold;
  readonly pieces: Uint8Array[] = [];
  private size = 0;

  constructor(readonly location: string) {}

  put(bytes: Uint8Array): number {
    const padding = (alignment - (this.size % alignment)) % alignment;
    this.pieces.push(new Uint8Array(padding), bytes);
    const offset = this.size + padding;
    this.size = offset + bytes.length;
    return offset;
  }
}

/** Replaces all files, in order. */
function writeFiles(files: readonly Content[]): void {
  for (const [path] of files) {
    try {
      // a model is read again, and has to be there
      if (statOf(path)?.isFile() === false) throw notAFile(path);
    } catch (error) {
      throw fileError(error, path, 'a place for a file');
    }
  }
  replaceFiles(files, (path, cause) => fileError(cause, path, 'a writable folder with room'));
}

const notAFile = (path: string) => new TritbankError('E_FILE', path, 'expected a file, found a folder or device');

/**
 * SHA-256 of a graph's file, in hexadecimal digits: what tells networks by their content. Throws what `writeModel`
 * throws.
 *
 * @example
 * import { fingerprint, loadModel } from 'tritbank/graph';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * console.log(fingerprint(graph) === fingerprint(graph.clone())); // true
 */
export const fingerprint = (graph: Graph): string => createHash('sha256').update(writeModel(graph)).digest('hex');
