/**
 * Keras's description of a network: layers, and which outputs of others each call of a layer takes. Sequential networks,
 * functional ones, and networks as layers of networks, in the notations of Keras 2 and 3.
 */

import { TritbankError } from '../ir/index.ts';
import { Config, isObject, type Json } from './config.ts';

/** An output of a call of a layer. */
export interface Source {
  readonly layer: string;
  /** Which call of it. */
  readonly call: number;
  readonly output: number;
}

export interface LayerTopology {
  readonly name: string;
  readonly kind: string;
  readonly config: Config;
  /** What each call takes. */
  readonly calls: readonly (readonly Source[])[];
}

export interface NetworkTopology {
  readonly name: string;
  readonly layers: readonly LayerTopology[];
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
}

export const isNetwork = (kind: string): boolean => ['Sequential', 'Functional', 'Model'].includes(kind);

/** `['conv1', 0, 0]`, with more behind it. */
function asSource(value: Json): Source | undefined {
  if (!Array.isArray(value)) return undefined;
  const [layer, call, output] = value as readonly Json[];
  if (typeof layer !== 'string' || !Number.isInteger(call) || !Number.isInteger(output)) return undefined;
  return { layer, call: call as number, output: output as number };
}

/** Sources in nested lists; in Keras 3 they are the histories of the tensors that a call was given. */
function sourcesIn(value: Json): Source[] {
  const source = asSource(value);
  if (source) return [source];
  if (Array.isArray(value)) return value.flatMap(sourcesIn);
  if (!isObject(value)) return [];
  if (value.class_name === '__keras_tensor__' && isObject(value.config)) return sourcesIn(value.config.keras_history);
  return sourcesIn(value.args);
}

function layerOf(value: Json, index: number): LayerTopology {
  const entry = Config.of(`layer ${index}`, value);
  const inner = entry.object('config');
  const name = inner.string('name', entry.string('name', `layer_${index}`));
  return {
    name,
    kind: entry.string('class_name'),
    config: Config.of(`layer '${name}'`, entry.get('config')),
    calls: entry.list('inbound_nodes', []).map(sourcesIn),
  };
}

const maxDepth = 16;

/**
 * A network that is a layer was called before, when it was made: its calls may be counted from 1 on. They are counted from
 * the first one that is referred to, where the last is beyond those that there are.
 */
function countCalls(network: NetworkTopology): NetworkTopology {
  const referred = [...network.layers.flatMap(({ calls }) => calls.flat()), ...network.inputs, ...network.outputs];
  const shifts = new Map<string, number>();
  for (const { name, calls } of network.layers) {
    const indices = referred.filter(({ layer }) => layer === name).map(({ call }) => call);
    if (indices.some((call) => call >= Math.max(1, calls.length))) shifts.set(name, Math.min(...indices));
  }
  const shift = (source: Source): Source => ({ ...source, call: source.call - (shifts.get(source.layer) ?? 0) });
  return {
    ...network,
    layers: network.layers.map((layer) => ({ ...layer, calls: layer.calls.map((sources) => sources.map(shift)) })),
    inputs: network.inputs.map(shift),
    outputs: network.outputs.map(shift),
  };
}

/** The network that a layer's or a model's description has. E_FORMAT for one that is none. */
export function networkOf(kind: string, value: Json, name: string, depth = 0): NetworkTopology {
  if (depth > maxDepth)
    throw new TritbankError('E_FORMAT', `network '${name}'`, 'expected fewer networks in each other');
  // the oldest files have the layers without anything around them
  if (kind === 'Sequential')
    return sequential(Array.isArray(value) ? value : Config.of(name, value).list('layers'), name);
  const config = Config.of(name, value);
  const layers = config.list('layers').map(layerOf);
  const sources = (key: string) => {
    const found = sourcesIn(config.get(key));
    if (found.length > 0) return found;
    throw config.wrong(key, 'outputs of layers');
  };
  const [inputs, outputs] = [sources('input_layers'), sources('output_layers')];
  return countCalls({ name: config.string('name', name), layers, inputs, outputs });
}

/** Each layer takes what the one before gives; the first one is fed, or is an input layer. */
function sequential(list: readonly Json[], name: string): NetworkTopology {
  const given = list.map(layerOf);
  const [first] = given;
  if (!first) throw new TritbankError('E_FORMAT', `network '${name}'`, 'expected layers, found none');
  const input: LayerTopology = {
    name: `${first.name}_input`,
    kind: 'InputLayer',
    config: inputConfig(first),
    calls: [[]],
  };
  const layers = first.kind === 'InputLayer' ? given : [input, ...given];
  const output = (layer: LayerTopology): Source => ({ layer: layer.name, call: 0, output: 0 });
  const chained = layers.map((layer, i) => ({ ...layer, calls: [i === 0 ? [] : [output(layers[i - 1]!)]] }));
  return { name, layers: chained, inputs: [output(layers[0]!)], outputs: [output(layers.at(-1)!)] };
}

/** The shape of a first layer that is a network itself is that of its own input. */
function inputConfig(layer: LayerTopology): Config {
  if (!isNetwork(layer.kind)) return layer.config;
  const inner = layer.config.list('layers').map(layerOf)[0];
  return inner ? inputConfig(inner) : layer.config;
}
