/**
 * Models of any format that is read, told by their first bytes and not by their names: ONNX, TensorFlow Lite, layers
 * models of TensorFlow.js. `tritbank/NAME` is a model of the zoo.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Graph, type LimitOptions, TritbankError } from '../ir/index.ts';
import { openBytes, type StoredModel } from '../onnx/files.ts';
import { type ReadOptions, readModel } from '../onnx/read.ts';
import { limitOf, readBeside, readWhole } from '../onnx/read-files.ts';
import { writeModel } from '../onnx/write.ts';
import { type Format, formatOf } from './format.ts';
import { tidy } from './tidy.ts';

export interface OpenedModel extends StoredModel {
  readonly format: Format;
  /** The file that was read: of a model of the zoo, where it is kept. */
  readonly path: string;
}

export interface OpenOptions extends LimitOptions {
  /** Of quantized files of TensorFlow Lite: see `readTflite`. */
  readonly activations?: 'float' | 'stored';
}

/**
 * Loads a model, of ONNX with its external data, of TensorFlow Lite, or a layers model of TensorFlow.js with its weights.
 * The environment variable TRITBANK_LIMIT is the limit where none is given. E_FILE for absent or unreadable files,
 * otherwise as `readModel` and `readTflite`.
 *
 * @example
 * import { loadModel } from 'tritbank/graph';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * for (const { name, shape } of graph.inputs) console.log(name, shape);
 */
export const loadModel = async (path: string, options?: OpenOptions): Promise<Graph> =>
  (await openModel(path, options)).graph;

/**
 * Loads a model, and says what format it has and how many bytes it takes on disk. Throws what `loadModel` throws.
 *
 * @example
 * import { openModel } from 'tritbank/graph';
 *
 * const { graph, format, fileBytes } = await openModel('mobilenet.onnx');
 * console.log(format, graph.nodes.length, 'nodes in', fileBytes, 'bytes');
 */
export async function openModel(name: string, options: OpenOptions = {}): Promise<OpenedModel> {
  const notes: string[] = [];
  const path = await resolveModel(name, (line) => notes.push(line));
  refuseFolder(path);
  const bytes = await readWhole(path);
  const format = formatOf(bytes);
  const opened = await openAs(format, path, bytes, options);
  opened.graph.notes.push(...notes);
  return { ...opened, format, path };
}

async function openAs(format: Format, path: string, bytes: Uint8Array, options: OpenOptions): Promise<StoredModel> {
  if (format === 'onnx') return openBytes(path, bytes, options);
  const limit = limitOf(options);
  if (format === 'tflite') {
    const { readTflite } = await import('../tflite/index.ts');
    return { graph: tidy(readTflite(bytes, { ...options, limit, name: path })), fileBytes: bytes.length };
  }
  const { readTfjs } = await import('../tfjs/index.ts');
  let fileBytes = bytes.length;
  const shardOf = async (location: string) => {
    const shard = await readBeside(path, location);
    fileBytes += shard.length;
    return shard;
  };
  const graph = tidy(await readTfjs(bytes, shardOf, { limit, name: path }));
  return { graph, fileBytes };
}

/** What some formats have for a file is a folder. */
function refuseFolder(path: string): void {
  const has = (file: string) => existsSync(join(path, file));
  const found = has('saved_model.pb')
    ? `a TensorFlow SavedModel; convert it with tf2onnx (python -m tf2onnx.convert --saved-model ${path} --output model.onnx)`
    : has('model.json')
      ? 'a folder; give the model.json in it'
      : undefined;
  if (found) throw new TritbankError('E_FORMAT', path, `expected a model, found ${found}`);
}

/** The file of a model of the zoo; of others the name itself. */
export async function resolveModel(name: string, warn?: (line: string) => void): Promise<string> {
  if (!name.startsWith('tritbank/') || existsSync(name)) return name;
  const { findInZoo } = await import('../zoo/index.ts');
  return findInZoo(name, warn ? { warn } : {});
}

/** Reads a model of ONNX or TensorFlow Lite from its bytes. Throws what `readModel` and `readTflite` throw. */
export async function readAnyModel(bytes: Uint8Array, options: ReadOptions = {}): Promise<Graph> {
  if (formatOf(bytes) !== 'tflite') return readModel(bytes, options);
  const { readTflite } = await import('../tflite/index.ts');
  return tidy(readTflite(bytes, options));
}

/** The content of an ONNX file as it is; of another model what its ONNX file would be. */
export async function readAsOnnx(name: string): Promise<Uint8Array> {
  const path = await resolveModel(name);
  const bytes = await readWhole(path);
  const format = formatOf(bytes);
  return format === 'onnx' ? bytes : writeModel((await openAs(format, path, bytes, {})).graph);
}
