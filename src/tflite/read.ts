/**
 * A TensorFlow Lite file to a float network in ONNX's operators. The format is schema.fbs of
 * github.com/tensorflow/tensorflow; what operators mean is in that repository's reference kernels.
 *
 * 1. Numbers that are stored in few bits become those that they stand for.
 * 2. Images are [N, 3, H, W] at the input; inside they keep the file's [N, H, W, C], with transpositions around what needs
 *    the other order, which `passes/normalize` moves away.
 * 3. The batch, which is 1 in every file, is left open where the network allows it.
 *
 * Left out: control flow, several subgraphs, sparse weights, variables, custom operators (named in the error).
 */

import { Budget, checkLimit, Graph, type LimitOptions, TritbankError, type Value, verify } from '../ir/index.ts';
import { formatPreprocessing } from '../onnx/metadata.ts';
import { inFile } from '../onnx/read.ts';
import { Builder } from '../ops/builder.ts';
import { toChannelsLast } from '../ops/channels-last.ts';
import { isBatchFree } from './batch.ts';
import { dtypeOf } from './constants.ts';
import { Emitter } from './emitter.ts';
import { preprocessingOf } from './metadata.ts';
import { operatorRules } from './operators/index.ts';
import { decodeTflite, type TfliteModel, type TfliteTensor } from './schema.ts';

export interface TfliteOptions extends LimitOptions {
  /** The file's name in error messages. Default `model`. */
  readonly name?: string;
  /**
   * Of a quantized file: `float` (default), a network to compress; `stored` rounds after each layer as the file does, by
   * QuantizeLinear and DequantizeLinear.
   */
  readonly activations?: 'float' | 'stored';
}

/**
 * Reads a TensorFlow Lite model: float, half-precision weights, 8-bit weights, or 8 bits throughout. How the pixels of a
 * quantized input are normalised, and the names of classes in the file, become metadata. Throws E_FORMAT for damaged
 * files, E_UNSUPPORTED for operators without a rule, by name, E_LIMIT for files that ask for more than their size explains.
 *
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { readTflite } from 'tritbank/graph';
 *
 * const graph = readTflite(await readFile('mobilenet.tflite'), { name: 'mobilenet.tflite' });
 */
export function readTflite(bytes: Uint8Array, options: TfliteOptions = {}): Graph {
  const { name = 'model', activations = 'float' } = options;
  const limit = checkLimit(options);
  return inFile(name, () => {
    const model = decodeTflite(bytes);
    refuseOperators(model);
    const graph = new Graph(model.name || 'graph');
    graph.doc = model.description;
    graph.budget = Budget.ofFile(bytes.length, limit);
    build(graph, bytes, model, activations === 'stored');
    return verify(graph);
  });
}

/** All at once, so that one knows what is missing. */
function refuseOperators({ operators }: TfliteModel): void {
  if (operators.length === 0) throw new TritbankError('E_FORMAT', '', 'expected operators, found none');
  const words = operators
    .filter(({ name, isCustom }) => isCustom || !operatorRules.has(name))
    .map(({ name, isCustom }) => (isCustom ? `custom operator '${name}'` : name));
  if (words.length === 0) return;
  const found = [...new Set(words)].join(', ');
  throw new TritbankError('E_UNSUPPORTED', '', `expected operators that have a rule in tflite/, found ${found}`);
}

function build(graph: Graph, bytes: Uint8Array, model: TfliteModel, storesActivations: boolean): void {
  // constants are read before there is an input
  const scratch = new Emitter(model, graph, { isBatchFree: false, storesActivations });
  const numbersOf = (index: number) => {
    const tensor = scratch.constant(index);
    return tensor && Array.from(tensor.data as ArrayLike<bigint | number>, Number);
  };
  const isImage = model.inputs.some((index) => scratch.tensor(index).shape.length === 4);
  const isFree = isImage && scratch.tensor(model.inputs[0]!).shape[0] === 1 && isBatchFree(model, numbersOf);
  const emitter = new Emitter(model, graph, { isBatchFree: isFree, storesActivations });
  for (const index of model.inputs) emitter.bind(index, addInput(graph, model, index, isFree));
  for (const [i, operator] of model.operators.entries()) {
    try {
      emitter.emit(operator);
    } catch (error) {
      if (!(error instanceof TritbankError)) throw error;
      const where = [`operator ${i} (${operator.name})`, error.where].filter(Boolean).join(': ');
      throw new TritbankError(error.code, where, error.detail, { cause: error });
    }
  }
  addOutputs(graph, model, emitter);
  const image = model.inputs.map((index) => emitter.tensor(index)).find(({ shape }) => shape.length === 4);
  const classes = graph.outputs[0]?.type?.shape?.at(-1);
  if (!image) return;
  const { note, ...found } = preprocessingOf(bytes, model, image, typeof classes === 'number' ? classes : undefined);
  if (note !== undefined) graph.notes.push(note);
  for (const [key, value] of Object.entries(formatPreprocessing(found))) graph.metadata.set(key, value);
}

/** A file whose image is channels first begins by bringing it into the other order. */
function isChannelsFirst({ operators }: TfliteModel, index: number, { shape }: TfliteTensor): boolean {
  const readers = operators.filter(({ inputs }) => inputs.includes(index));
  const isColours = (size: number | undefined) => size === 1 || size === 3 || size === 4;
  return isColours(shape[1]) && readers.length > 0 && readers.every(({ name }) => name === 'TRANSPOSE');
}

/** The input in the graph; what the operators see of it is in the file's order. */
function addInput(graph: Graph, model: TfliteModel, index: number, isFree: boolean): Value {
  const tensor = model.tensors[index];
  if (!tensor) throw new TritbankError('E_FORMAT', '', `expected an input among the tensors, found ${index}`);
  const { name, shape, signature, type } = tensor;
  const dims = shape.map((size, axis) => {
    if (axis === 0 && isFree) return 'N';
    return signature[axis]! < 0 ? (['N', 'H', 'W', 'C'][axis] ?? `D${axis}`) : size;
  });
  const isImage = shape.length === 4;
  // pixels count as real numbers, whatever they are stored in
  const dtype = isImage && (type === 'UINT8' || type === 'INT8') ? 'float32' : dtypeOf(tensor);
  if (!dtype) throw new TritbankError('E_UNSUPPORTED', `input '${name}'`, `expected numbers, found ${type}`);
  const known = dtype === 'int32' ? 'int64' : dtype;
  const fresh = graph.freshName(name);
  if (!isImage || isChannelsFirst(model, index, tensor)) return graph.input(fresh, known, dims);
  const [n, h, w, c] = dims as [string, string, string, string];
  return toChannelsLast(new Builder(graph, `${fresh}/`), graph.input(fresh, known, [n, c, h, w]));
}

/** Scores of one pixel are a row: [N, 1, 1, classes] becomes [N, classes]. */
function addOutputs(graph: Graph, model: TfliteModel, emitter: Emitter): void {
  for (const index of model.outputs) {
    const { name, shape } = emitter.tensor(index);
    const b = new Builder(graph, `${name}/`);
    const value = emitter.value(index);
    const isRow = shape.length === 4 && shape[1] === 1 && shape[2] === 1;
    const row = isRow ? b.reshape(value, [0, shape[3]!]) : value;
    const output = row.producer && !graph.outputs.includes(row) ? row : b.op('Identity', [row]);
    if (!graph.find(name)) graph.rename(output, name);
    graph.outputs.push(output);
  }
  if (graph.outputs.length === 0) throw new TritbankError('E_FORMAT', '', 'expected an output, found none');
}
