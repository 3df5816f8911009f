/** From a path, a URL or bytes to a graph, external data included. */

import { checkLimit, type Graph, type LimitOptions, type Tensor, TritbankError } from '../ir/index.ts';
import { externalRanges } from '../onnx/external.ts';
import { buildGraph, decodeModel, inFile } from '../onnx/read.ts';
import { fixedDims } from './feeds.ts';
import type { ModelSource, Platform } from './platform.ts';

export interface LoadedModel {
  readonly graph: Graph;
  readonly bytes: Uint8Array;
  /** The source in error messages. */
  readonly name: string;
}

function bytesOf(source: ModelSource): Uint8Array | undefined {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) {
    const { buffer, byteOffset, byteLength } = source as ArrayBufferView;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  const isBuffer = Object.prototype.toString.call(source) === '[object ArrayBuffer]';
  return isBuffer ? new Uint8Array(source as ArrayBuffer) : undefined;
}

/** E_USAGE for another source, E_FILE for one that cannot be read, and the errors of `readModel`. */
export async function loadGraph(
  source: ModelSource,
  platform: Platform,
  options: LimitOptions = {},
): Promise<LoadedModel> {
  const limit = checkLimit({ limit: options.limit ?? platform.defaultLimit?.() ?? 1 });
  const given = bytesOf(source);
  if (!given && typeof source !== 'string' && !(source instanceof URL)) {
    const found = source === null ? 'null' : typeof source;
    throw new TritbankError('E_USAGE', 'model', `expected a path, a URL or the bytes of an ONNX file, found ${found}`);
  }
  const name = given ? 'model' : String(source);
  const bytes = given ?? (await platform.readFile(source as string | URL));
  const model = inFile(name, () => decodeModel(bytes));
  const ranges = inFile(name, () => externalRanges(model.graph));
  const external = given ? undefined : await platform.readRanges(source as string | URL, ranges);
  const graph = inFile(name, () => buildGraph(model, external, limit, undefined, true));
  // what is planned later must not depend on what becomes of the caller's bytes
  if (given && !fixedDims(graph.inputs)) ownConstants(graph, given);
  return { graph, bytes, name };
}

function ownConstants(graph: Graph, bytes: Uint8Array): void {
  for (const value of graph.initializers) {
    const { constant } = value;
    if (!constant || !ArrayBuffer.isView(constant.data) || constant.data.buffer !== bytes.buffer) continue;
    value.constant = { ...constant, data: constant.data.slice() } as Tensor;
  }
}
