/**
 * An ONNX file to a graph in the canonical operator set. The format is onnx.proto's; semantics are those of IR.md in
 * github.com/onnx/onnx. What the graph cannot hold is refused by name: subgraphs (but for an If whose condition is known), functions, sparse initializers,
 * training information, sequences and exotic element types. Left out silently: doc strings of nodes and values,
 * producer and model version, quantization annotations.
 */

import { Budget, checkLimit, Graph, type LimitOptions, type TensorType, TritbankError, verify } from '../ir/index.ts';
import { inferNode } from '../ops/shape.ts';
import { inlineBranches } from './branches.ts';
import { decode } from './decode.ts';
import { evaluateCondition, type InferNode } from './evaluate-condition.ts';
import { type ExternalSource, fromFiles, type RangeSource } from './external.ts';
import { describeFile } from './file-kinds.ts';
import { addNodes } from './nodes.ts';
import { type GraphProto, type ModelProto, modelProto } from './schema.ts';
import { readTensor } from './tensors.ts';
import { placeOf, readType, SymbolSource } from './types.ts';
import { defaultDomainVersion, domainVersionKey, isDefaultDomain, upgrade } from './upgrade.ts';
import { widenHalf } from './widen-half.ts';

export interface ReadOptions extends LimitOptions {
  /** The file's name in error messages. Default `model`. */
  readonly name?: string;
  /** Gives the content of external data files. Without it a model that has external data is refused. */
  readonly external?: ExternalSource;
}

/**
 * Reads a model. Throws E_LIMIT for one that asks for far more than its size explains, E_FORMAT for damaged files, E_UNSUPPORTED for features that the graph does not have, E_GRAPH
 * for invalid graphs (cycles, repeated or missing definitions), E_FILE for external data without a source.
 *
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { readModel } from 'tritbank/graph';
 *
 * const graph = readModel(await readFile('mobilenet.onnx'), { name: 'mobilenet.onnx' });
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Graph {
  const { name = 'model', external } = options;
  const limit = checkLimit(options);
  return inFile(name, () => {
    const model = decodeModel(bytes);
    return buildGraph(model, external && fromFiles(model.graph, external), limit, inferNode);
  });
}

/** Puts the file's name before the place in errors from inside it. */
export function inFile<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof TritbankError)) throw error;
    const where = error.where ? `${name}: ${error.where}` : name;
    throw new TritbankError(error.code, where, error.detail, { cause: error.cause });
  }
}

export type DecodedModel = ModelProto & { readonly graph: GraphProto };

/**
 * Decodes and checks the message itself; tensors remain views of `bytes`. What cannot be decoded is told by its first
 * bytes, where they are those of another format.
 */
export function decodeModel(bytes: Uint8Array): DecodedModel {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    const found = error instanceof TritbankError && error.code === 'E_FORMAT' ? describeFile(bytes) : undefined;
    if (!found) throw error;
    throw new TritbankError('E_FORMAT', '', `expected an ONNX model, found ${found}`, { cause: error });
  }
}

function decodeMessage(bytes: Uint8Array): DecodedModel {
  // a plain view: Buffer.slice, unlike Uint8Array.slice, would not copy
  const model = decode(modelProto, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), 'model');
  if (model.irVersion === undefined) {
    throw new TritbankError('E_FORMAT', '', 'expected an ONNX model, found no ir_version');
  }
  const { graph } = model;
  if (!graph) throw new TritbankError('E_FORMAT', '', 'expected a graph, found none');
  refuse('local functions', model.functions.length);
  refuse('training information', model.trainingInfo.length);
  refuse('sparse initializers', graph.sparseInitializer.length);
  return { ...model, graph };
}

function refuse(feature: string, count: number): void {
  if (count > 0) throw new TritbankError('E_UNSUPPORTED', '', `expected no ${feature}, found ${count}`);
}

/** Bytes that a file has for its constants: those that share a range of a data file are there once. */
function storedBytes(graph: Graph): number {
  const stored = new Set<ArrayBufferLike>();
  for (const { constant } of graph.initializers)
    if (ArrayBuffer.isView(constant?.data)) stored.add(constant.data.buffer);
  return [...stored].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** A node takes so much of a file, about. */
const nodeBytes = 64;

/**
 * Builds, upgrades and verifies the graph of a decoded model; half-precision activations become float32, which its
 * notes say. `infer` finds sizes that the conditions of If nodes depend on. Initializers are copies of the file's bytes, or
 * views if `isBorrowed`.
 */
export function buildGraph(
  model: DecodedModel,
  external?: RangeSource,
  limit = 1,
  infer?: InferNode,
  isBorrowed = false,
): Graph {
  const proto = inlineBranches(model.graph, (part, name) => {
    const output = part.output.slice(0, 1).map((info) => ({ ...info, name, type: undefined }));
    const graph = buildPart({ ...model, graph: { ...part, output } }, external, limit);
    return evaluateCondition(graph, graph.outputs[0]!, infer);
  });
  const graph = buildPart({ ...model, graph: proto }, external, limit, isBorrowed);
  const half = widenHalf(graph);
  if (half) graph.notes.push(`a network of ${half}: read as one of float32`);
  return verify(graph);
}

function buildPart(model: DecodedModel, external: RangeSource | undefined, limit: number, isBorrowed = false): Graph {
  const proto = model.graph;
  const graph = new Graph(proto.name || 'graph');
  graph.doc = model.docString || proto.docString || '';
  for (const { key = '', value = '' } of model.metadataProps) {
    if (!key.startsWith(domainVersionKey(''))) graph.metadata.set(key, value);
  }
  const version = readVersions(model, graph);
  const symbols = new SymbolSource(proto);
  addInputs(graph, proto, symbols);
  addInitializers(graph, proto, external, isBorrowed);
  addNodes(graph, proto, external);
  const types = readTypes(proto, symbols);
  for (const [name, type] of types) {
    const value = graph.find(name);
    if (value?.producer) value.type = type;
  }
  addOutputs(graph, proto);
  graph.budget = Budget.ofFile(storedBytes(graph) + nodeBytes * graph.nodes.length, limit);
  return upgrade(graph, version);
}

/** The default domain's version; the others' become metadata where they are not what the writer would choose. */
function readVersions(model: ModelProto, graph: Graph): number {
  let found: number | undefined;
  for (const { domain = '', version = 0n } of model.opsetImport) {
    if (isDefaultDomain(domain)) found = Math.max(found ?? 0, Number(version));
    else if (Number(version) !== defaultDomainVersion(domain)) {
      graph.metadata.set(domainVersionKey(domain), String(version));
    }
  }
  if (found !== undefined) return found;
  throw new TritbankError('E_FORMAT', '', "expected an opset import of ONNX's own domain, found none");
}

/** Up to IR version 3 every initializer was listed as an input, too; those are not inputs. */
function addInputs(graph: Graph, proto: GraphProto, symbols: SymbolSource): void {
  const initialized = new Set(proto.initializer.map((tensor) => tensor.name));
  for (const info of proto.input) {
    const where = placeOf('input', info);
    if (initialized.has(info.name)) continue;
    const type = readType(info.type, where, symbols);
    if (!type) throw new TritbankError('E_FORMAT', where, 'expected a type, found none');
    graph.input(info.name!, type.dtype, type.shape);
  }
}

function addInitializers(
  graph: Graph,
  proto: GraphProto,
  external: RangeSource | undefined,
  isBorrowed: boolean,
): void {
  for (const tensor of proto.initializer) {
    const where = placeOf('initializer', tensor);
    if (graph.find(tensor.name!)) {
      throw new TritbankError('E_GRAPH', where, 'expected one definition of each name, found two');
    }
    graph.initializer(tensor.name!, readTensor(tensor, where, external, isBorrowed));
  }
}

/** The outputs' types come last because they are the more reliable ones. */
function readTypes(proto: GraphProto, symbols: SymbolSource): Map<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const info of [...proto.valueInfo, ...proto.output]) {
    const type = readType(info.type, placeOf('value', info), symbols);
    if (type?.shape || (type && !types.has(info.name!))) types.set(info.name!, type);
  }
  return types;
}

function addOutputs(graph: Graph, proto: GraphProto): void {
  if (proto.output.length === 0) throw new TritbankError('E_FORMAT', '', 'expected at least one output, found none');
  for (const info of proto.output) {
    const value = graph.find(info.name!);
    if (!value) {
      throw new TritbankError('E_GRAPH', `output '${info.name}'`, 'expected a value of this name, found none');
    }
    graph.outputs.push(value);
  }
}
