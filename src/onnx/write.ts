/**
 * A graph to an ONNX file: initializers as raw bytes, types of intermediate values as value_info, opset imports of all
 * domains in use. Equal graphs give equal bytes. Left out: doc strings of nodes, model version.
 */

import { type Graph, type Node, TritbankError, toBytes, verify } from '../ir/index.ts';
import { markerDomain } from '../ops/names.ts';
import { writeAttribute } from './attributes.ts';
import { encode, type Init } from './proto.ts';
import { type modelProto, type nodeProto, modelProto as schema } from './schema.ts';
import { type ExternalSink, writeTensor } from './tensors.ts';
import { writeValueInfo } from './types.ts';
import { defaultDomainVersion, domainVersionKey } from './upgrade.ts';

export interface WriteOptions {
  /** `producer_name` in the file. Default `tritbank`. */
  readonly producer?: string;
  /** ONNX IR version. Default 9, the first that allows opset 20. */
  readonly irVersion?: number;
  /** Where large tensors go instead of into the file. */
  readonly external?: ExternalSink;
}

/** The largest protobuf message that readers accept. */
export const maxModelBytes = 2 ** 31 - 1;

/** Bytes of all numeric initializers: the model's size without a few per node. */
export function initializerBytes(graph: Graph): number {
  let total = 0;
  for (const { constant } of graph.initializers) {
    if (constant && constant.dtype !== 'string') total += toBytes(constant).length;
  }
  return total;
}

/**
 * The model's file, as bytes. Throws E_UNSUPPORTED beyond 2 GiB without external data, E_GRAPH for an invalid graph.
 *
 * @example
 * import { loadModel, readModel, writeModel } from 'tritbank/graph';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * const bytes = writeModel(graph);
 * const same = readModel(bytes);
 */
export function writeModel(graph: Graph, options: WriteOptions = {}): Uint8Array {
  verify(graph);
  const inside = options.external ? 0 : initializerBytes(graph);
  if (inside > maxModelBytes) throw tooLarge(graph, inside);
  const bytes = encode(schema, modelOf(graph, options), inside + 65536);
  if (bytes.length > maxModelBytes) throw tooLarge(graph, bytes.length);
  return bytes.slice();
}

function tooLarge(graph: Graph, found: number): TritbankError {
  const message = `expected at most ${maxModelBytes} bytes without external data, found ${found}`;
  return new TritbankError('E_UNSUPPORTED', `graph '${graph.name}'`, message);
}

function modelOf(graph: Graph, options: WriteOptions): Init<typeof modelProto> {
  const domains = [...new Set(graph.nodes.map((node) => node.domain))].filter((d) => d !== '').sort();
  const versions = new Map(domains.map((d) => [d, graph.metadata.get(domainVersionKey(d)) ?? defaultDomainVersion(d)]));
  const outputs = new Set(graph.outputs);
  const known = [...graph.values].filter((value) => value.producer && value.type && !outputs.has(value));
  return {
    irVersion: BigInt(options.irVersion ?? 9),
    producerName: options.producer ?? 'tritbank',
    docString: graph.doc || undefined,
    graph: {
      node: graph.nodes.map(nodeOf),
      name: graph.name,
      initializer: graph.initializers.map((v) => writeTensor(v.name, v.constant!, options.external)),
      input: graph.inputs.map((v) => writeValueInfo(v.name, v.type)),
      output: graph.outputs.map((v) => writeValueInfo(v.name, v.type)),
      valueInfo: known.map((v) => writeValueInfo(v.name, v.type)),
    },
    opsetImport: [
      { domain: '', version: BigInt(graph.opset) },
      ...[...versions].map(([domain, version]) => ({ domain, version: BigInt(version) })),
    ],
    metadataProps: [...graph.metadata]
      .filter(([key]) => !key.startsWith(domainVersionKey('')))
      .map(([key, value]) => ({ key, value })),
  };
}

function nodeOf(node: Node): Init<typeof nodeProto> {
  if (node.domain === markerDomain) throw new Error(`internal: marker ${node.label} reached the writer`);
  const input = node.inputs.map((value) => value?.name ?? '');
  while (input.at(-1) === '') input.pop();
  return {
    input,
    output: node.outputs.map((value) => value?.name ?? ''),
    name: node.name,
    opType: node.op,
    attribute: Object.entries(node.attributes).map(([name, a]) => writeAttribute(name, a, node.label)),
    domain: node.domain || undefined,
  };
}
