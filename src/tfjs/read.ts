/**
 * A layers model of TensorFlow.js (model.json and its weights, as `model.save` and tensorflowjs_converter write them) to a
 * network in ONNX's operators. Images are [N, C, H, W] at the input, and [N, H, W, C] inside, with transpositions that
 * `passes/normalize` moves away. Left out: layers of other than images and rows, and graph models, which tf2onnx converts.
 */

import { Budget, checkLimit, Graph, type LimitOptions, TritbankError, type Value, verify } from '../ir/index.ts';
import { Builder } from '../ops/builder.ts';
import { toChannelsLast } from '../ops/channels-last.ts';
import { Config, isObject } from './config.ts';
import { layerRules } from './layers.ts';
import { isNetwork, type LayerTopology, type NetworkTopology, networkOf, type Source } from './topology.ts';
import { readWeights, type ShardSource, WeightFinder } from './weights.ts';

export interface TfjsOptions extends LimitOptions {
  /** The file's name in error messages. Default `model.json`. */
  readonly name?: string;
}

/**
 * Reads a layers model; `shardOf` gives the content of the files that its manifest names. Throws E_FORMAT for damaged
 * files, E_UNSUPPORTED for graph models and for layers without a rule, by name, and what `shardOf` throws.
 *
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { readTfjs } from 'tritbank/graph';
 *
 * const graph = await readTfjs(await readFile('model.json'), (path) => readFile(path));
 */
export async function readTfjs(bytes: Uint8Array, shardOf: ShardSource, options: TfjsOptions = {}): Promise<Graph> {
  const { name = 'model.json' } = options;
  const limit = checkLimit(options);
  try {
    return await read(bytes, shardOf, limit);
  } catch (error) {
    if (!(error instanceof TritbankError) || error.code === 'E_FILE') throw error;
    const where = [name, error.where].filter(Boolean).join(': ');
    throw new TritbankError(error.code, where, error.detail, { cause: error.cause });
  }
}

async function read(bytes: Uint8Array, shardOf: ShardSource, limit: number): Promise<Graph> {
  const { topology, manifest } = parse(bytes);
  refuseLayers(topology);
  const weights = await readWeights(manifest, shardOf);
  const graph = new Graph(topology.name);
  const stored = [...weights.values()].reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0);
  graph.budget = Budget.ofFile(bytes.length + stored, limit);
  const outputs = emit(topology, graph, new WeightFinder(weights), undefined, '');
  for (const [i, value] of outputs.entries()) {
    const name = topology.outputs[i]!.layer;
    const isFree = value.producer && !graph.outputs.includes(value);
    const output = isFree ? value : new Builder(graph, `${name}/`).op('Identity', [value]);
    if (!graph.find(name)) graph.rename(output, name);
    graph.outputs.push(output);
  }
  return verify(graph);
}

interface Parsed {
  readonly topology: NetworkTopology;
  readonly manifest: readonly unknown[];
}

function parse(bytes: Uint8Array): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new TritbankError('E_FORMAT', '', 'expected JSON, found something else', { cause });
  }
  const root = Config.of('', json);
  const topology = root.get('modelTopology');
  if (root.string('format', '') === 'graph-model' || (isObject(topology) && Array.isArray(topology.node))) {
    const advice = 'convert it with tf2onnx (python -m tf2onnx.convert --tfjs model.json --output model.onnx)';
    throw new TritbankError('E_UNSUPPORTED', '', `expected a layers model, found a graph model; ${advice}`);
  }
  const outer = Config.of('modelTopology', topology);
  const model = outer.get('model_config') === undefined ? outer : outer.object('model_config');
  const kind = model.string('class_name');
  if (!isNetwork(kind)) throw model.unsupported('Sequential or Functional', kind);
  return { topology: networkOf(kind, model.get('config'), 'model'), manifest: root.list('weightsManifest') };
}

const inner = (layer: LayerTopology, depth: number): NetworkTopology => {
  // the configuration of a network is what it consists of
  const value = { layers: layer.config.list('layers'), ...entriesOf(layer.config) };
  return networkOf(layer.kind, value, layer.name, depth);
};

const entriesOf = (config: Config): Readonly<Record<string, unknown>> =>
  Object.fromEntries(['name', 'input_layers', 'output_layers'].map((key) => [key, config.get(key)]));

/** All at once, so that one knows what is missing. */
function refuseLayers(topology: NetworkTopology): void {
  const unknown = new Set<string>();
  const visit = (network: NetworkTopology, depth: number) => {
    for (const layer of network.layers) {
      if (isNetwork(layer.kind)) visit(inner(layer, depth), depth + 1);
      else if (layer.kind !== 'InputLayer' && !Object.hasOwn(layerRules, layer.kind)) unknown.add(layer.kind);
    }
  };
  visit(topology, 1);
  if (unknown.size === 0) return;
  throw new TritbankError(
    'E_UNSUPPORTED',
    '',
    `expected layers that have a rule in tfjs/, found ${[...unknown].join(', ')}`,
  );
}

/**
 * Emits a network; `given` are its inputs where it is a layer of another one. A layer is emitted once for each call whose
 * inputs are there, until nothing is left.
 */
function emit(
  network: NetworkTopology,
  graph: Graph,
  weights: WeightFinder,
  given: readonly Value[] | undefined,
  prefix: string,
  depth = 1,
): Value[] {
  const values = new Map<string, readonly Value[]>();
  const find = ({ layer, call, output }: Source) => values.get(`${call} ${layer}`)?.[output];
  const inputNames = network.inputs.map(({ layer }) => layer);
  let waiting = network.layers.flatMap((layer) => {
    const calls = layer.calls.length > 0 ? layer.calls : [[]];
    return calls.map((sources, call) => ({ layer, sources, call }));
  });
  while (waiting.length > 0) {
    const left = waiting.filter(({ layer, sources, call }) => {
      const inputs = sources.map(find);
      if (!inputs.every((x) => x !== undefined)) return true;
      values.set(`${call} ${layer.name}`, emitCall(layer, inputs));
      return false;
    });
    if (left.length === waiting.length) {
      const names = left.map(({ layer }) => layer.name).slice(0, 3);
      throw new TritbankError(
        'E_GRAPH',
        `network '${network.name}'`,
        `expected layers that are fed, found ${names.join(', ')}`,
      );
    }
    waiting = left;
  }

  function emitCall(layer: LayerTopology, inputs: readonly Value[]): readonly Value[] {
    if (layer.kind === 'InputLayer') {
      const place = inputNames.indexOf(layer.name);
      return [given?.[place] ?? addInput(graph, layer)];
    }
    const name = `${prefix}${layer.name}`;
    if (isNetwork(layer.kind)) return emit(inner(layer, depth), graph, weights, inputs, `${name}/`, depth + 1);
    const b = new Builder(graph, `${name}/`);
    return [layerRules[layer.kind]!({ name: layer.name, config: layer.config, inputs, weights, b })];
  }

  return network.outputs.map((source) => {
    const value = find(source);
    if (value) return value;
    throw new TritbankError(
      'E_FORMAT',
      `network '${network.name}'`,
      `expected an output of '${source.layer}', found none`,
    );
  });
}

function addInput(graph: Graph, { config, name }: LayerTopology): Value {
  const key =
    ['batch_input_shape', 'batch_shape'].find((each) => config.get(each) !== undefined) ?? 'batch_input_shape';
  const shape = config.list(key);
  if (!shape.every((d) => d === null || (Number.isSafeInteger(d) && (d as number) > 0)) || shape.length === 0) {
    throw config.wrong(key, 'sizes');
  }
  const open = shape.length === 4 ? ['N', 'H', 'W', 'C'] : shape.map((_, axis) => (axis === 0 ? 'N' : `D${axis}`));
  const dims = shape.map((d, axis) => (d as number | null) ?? open[axis]!);
  const fresh = graph.freshName(name);
  if (dims.length !== 4) return graph.input(fresh, 'float32', dims);
  const [n, h, w, c] = dims as [string, number, number, number];
  return toChannelsLast(new Builder(graph, `${fresh}/`), graph.input(fresh, 'float32', [n, c, h, w]));
}
