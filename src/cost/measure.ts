/**
 * What a network costs on an accelerator: counts and storage of its layers, then energy and throughput of the whole,
 * beside the same network uncompressed.
 */

import type { Graph } from '../ir/index.ts';
import type { ActivationType } from '../passes/index.ts';
import { type Accelerator, formatOf, loadAccelerator, type NumberFormat } from './accelerator.ts';
import { addArithmetic, addCounts, applyConventions, paperConventions } from './conventions.ts';
import { type CountedGraph, type CountedLayer, type CountedNode, countGraph, type Sizes } from './count.ts';
import { type Estimate, estimate } from './estimate.ts';
import { measureActivations } from './memory.ts';
import type { Arithmetic, Conventions, LayerCost, NetworkCost, NodeCost, Relative, Work } from './records.ts';
import { chooseScheme, measureLayer, type StorageScheme, type StorageSchemeName } from './storage.ts';
import { measureStructure } from './structure.ts';

export interface CostOptions {
  /** An accelerator model, or a preset's name. Default `paper`. */
  readonly accelerator?: Accelerator | string;
  /** One of the accelerator's number formats; by default `int8` for 8-bit activations, else the one it names. */
  readonly format?: string;
  readonly conventions?: Conventions;
  /** Default: `packed-int8` for 8-bit activations, else the paper's scheme that fits the graph. */
  readonly scheme?: StorageSchemeName | StorageScheme;
  /** Sizes for symbolic dimensions. */
  readonly sizes?: Sizes;
  /** Share of the array's area in MAC units, in [0, 1]; by default the best one. */
  readonly split?: number;
}

/** The options with everything chosen. */
export interface Setting {
  readonly accelerator: Accelerator;
  /** Name of the number format. */
  readonly format: string;
  readonly numbers: NumberFormat;
  readonly conventions: Conventions;
  readonly split?: number;
}

/**
 * The options with everything chosen, for a network with these activations. E_FILE and E_FORMAT for an accelerator
 * model that cannot be read, E_USAGE for a number format that it lacks.
 *
 * @example
 * import { chooseSetting } from 'tritbank/cost';
 *
 * const { format, numbers } = chooseSetting({ accelerator: 'paper' }, 'int8');
 * console.log(format, numbers.bytes);
 */
export function chooseSetting(options: CostOptions, activations: ActivationType = 'float'): Setting {
  const { accelerator = 'paper', conventions = paperConventions, split } = options;
  const model = typeof accelerator === 'string' ? loadAccelerator(accelerator) : accelerator;
  const fitting = activations === 'int8' && Object.hasOwn(model.formats, 'int8') ? 'int8' : model.defaultFormat;
  const format = options.format ?? fitting;
  const numbers = formatOf(model, format);
  return { accelerator: model, format, numbers, conventions, ...(split !== undefined && { split }) };
}

/** The totals that figures of a compressed network are divided by. */
export interface Reference {
  readonly bytes: number;
  readonly multiplications: number;
  /** Of the arithmetic. */
  readonly energy: number;
  /** Of moving weights, inputs and outputs once; 0 where the accelerator has no memory energies. Default 0. */
  readonly memoryEnergy?: number;
  /** Time on an array of unit area with all units busy. */
  readonly areaTime: number;
}

const sum = <T>(items: readonly T[], f: (item: T) => number) => items.reduce((total, item) => total + f(item), 0);

/**
 * All that operators outside of layers do, as one piece of work. Nothing where the conventions leave them out.
 *
 * @example
 * import { chooseSetting, countGraph, otherWork, paperConventions } from 'tritbank/cost';
 * import { loadModel } from 'tritbank/graph';
 *
 * const { nodes } = countGraph(await loadModel('mobilenet.onnx'));
 * const setting = chooseSetting({ conventions: { ...paperConventions, elementwise: 'counted' } });
 * console.log(otherWork(nodes, setting).additions, 'additions by pools and activations');
 */
export function otherWork(nodes: readonly CountedNode[], { conventions }: Setting): Work & Arithmetic {
  const counts = addCounts(nodes.filter((node) => node.layer === undefined).map((node) => node.counts));
  const nothingMoved = { weightBytes: 0, inputBytes: 0, outputBytes: 0 };
  return { name: 'other', ...applyConventions(counts, conventions), ...nothingMoved };
}

/** Weights and biases of a layer before compression: biases and scales are `others`, with a scale for every hidden unit. */
const uncompressedValues = ({ filters, filterSize, others, hidden }: CountedLayer['group']) =>
  filters * filterSize + others - hidden;

/**
 * What the network would do with full-precision weights: each output of a layer takes `filterSize` MACs, and its bias.
 *
 * @example
 * import { chooseSetting, countGraph, uncompressedReference } from 'tritbank/cost';
 * import { loadModel } from 'tritbank/graph';
 *
 * const { bytes, energy } = uncompressedReference(countGraph(await loadModel('small.onnx')), chooseSetting({}));
 * console.log(bytes, energy);
 */
export function uncompressedReference({ layers, nodes, rest }: CountedGraph, setting: Setting): Reference {
  const works = layers.map(({ group, counts, inputElements, outputElements }): Work => {
    const whole = { ...counts, macs: outputElements * group.filterSize, ternary: 0, ternaryNonZero: 0 };
    const { macs, products, additions } = applyConventions(
      { ...whole, scales: 0, outputScales: 0 },
      setting.conventions,
    );
    const moved = {
      inputBytes: inputElements * setting.numbers.bytes,
      outputBytes: outputElements * setting.numbers.bytes,
    };
    return { name: group.name, macs, products, additions, weightBytes: 2 * uncompressedValues(group), ...moved };
  });
  works.push(otherWork(nodes, setting));
  const { energy, memoryEnergy, areaTime } = estimate(works, setting.accelerator, { format: setting.format });
  const values = sum(layers, ({ group }) => uncompressedValues(group));
  const multiplications = sum(works, (w) => w.macs + w.products);
  return { bytes: 2 * (values + rest), multiplications, energy, memoryEnergy, areaTime };
}

/**
 * Totals as fractions of a reference, throughput as a multiple of it; a reference of nothing gives 1. Energies are in
 * one unit, and so are bytes and times.
 *
 * @example
 * import { compare } from 'tritbank/cost';
 *
 * const reference = { bytes: 4000, multiplications: 1000, energy: 10, areaTime: 8 };
 * const { size, throughput } = compare({ bytes: 1000, multiplications: 300 }, { energy: 4, areaTime: 4 }, reference);
 * console.log(size, throughput); // 0.25 and 2
 */
export function compare(
  { bytes, multiplications }: { readonly bytes: number; readonly multiplications: number },
  { energy, memoryEnergy = 0, areaTime }: Pick<Estimate, 'energy' | 'areaTime'> & Partial<Estimate>,
  reference: Reference,
): Relative {
  const share = (value: number, of: number) => (of > 0 ? value / of : 1);
  const { memoryEnergy: moved = 0 } = reference;
  return {
    size: share(bytes, reference.bytes),
    multiplications: share(multiplications, reference.multiplications),
    energy: share(energy, reference.energy),
    ...(moved > 0 && {
      memoryEnergy: memoryEnergy / moved,
      totalEnergy: share(energy + memoryEnergy, reference.energy + moved),
    }),
    throughput: share(reference.areaTime, areaTime),
  };
}

/**
 * A layer as an accelerator sees it, stored in `bytes` bytes; `Arithmetic` by the conventions, inputs and outputs in
 * bytes of the number format.
 *
 * @example
 * import { chooseSetting, countGraph, measureLayer, storageSchemes, workOf } from 'tritbank/cost';
 * import { loadModel } from 'tritbank/graph';
 *
 * const [layer] = countGraph(await loadModel('mobilenet.onnx')).layers;
 * const { bytes } = measureLayer(layer!.group, storageSchemes.hybrid);
 * const { macs, weightBytes, inputBytes } = workOf(layer!, bytes, chooseSetting({}));
 */
export function workOf(layer: CountedLayer, bytes: number, setting: Setting): Work & Arithmetic {
  return {
    name: layer.group.name,
    ...applyConventions(layer.counts, setting.conventions),
    weightBytes: bytes,
    inputBytes: layer.inputElements * setting.numbers.bytes,
    outputBytes: layer.outputElements * setting.numbers.bytes,
  };
}

/** Operators outside of layers, one entry an operator that does arithmetic. */
function gatherOthers(nodes: readonly CountedNode[]): Map<string, CountedNode[]> {
  const others = new Map<string, CountedNode[]>();
  for (const counted of nodes) {
    if (counted.layer !== undefined || Object.values(counted.counts).every((n) => n === 0)) continue;
    const { op } = counted.node;
    const known = others.get(op);
    if (known) known.push(counted);
    else others.set(op, [counted]);
  }
  return others;
}

type Part = Omit<LayerCost, 'energy' | 'memoryEnergy' | 'utilisation'>;

const intensityOf = ({ macs, products, additions }: Arithmetic, bytes: number) =>
  bytes > 0 ? (2 * macs + products + additions) / bytes : 0;

const trafficOf = ({ bytes, inputBytes, outputBytes }: Part) => bytes + inputBytes + outputBytes;

function describeLayers(counted: CountedGraph, scheme: StorageScheme, setting: Setting): Part[] {
  const layers = counted.layers.map((layer): Part => {
    const { name, kind, method, filters, fullPrecision, hidden, parameters, bytes } = measureLayer(layer.group, scheme);
    const { weightBytes, ...work } = workOf(layer, bytes, setting);
    const intensity = intensityOf(work, weightBytes + work.inputBytes + work.outputBytes);
    const shape = { kind, method, filters, fullPrecision, hidden };
    return { ...work, name, ...shape, counts: layer.counts, parameters, bytes, intensity };
  });
  for (const [name, nodes] of gatherOthers(counted.nodes)) {
    const counts = addCounts(nodes.map((node) => node.counts));
    const nothing = { filters: 0, fullPrecision: 0, hidden: 0, parameters: 0, bytes: 0, inputBytes: 0, outputBytes: 0 };
    const arithmetic = applyConventions(counts, setting.conventions);
    layers.push({ name, kind: 'other', method: 'fp', ...nothing, ...arithmetic, counts, intensity: 0 });
  }
  return layers;
}

function describeNodes(counted: CountedGraph, setting: Setting): NodeCost[] {
  const elements = (shape: readonly unknown[] | undefined) =>
    shape?.every((dim) => typeof dim === 'number')
      ? shape.reduce<number>((product, dim) => product * (dim as number), 1)
      : 0;
  return counted.nodes.map(({ node, layer, counts }) => ({
    name: node.name,
    op: node.domain ? `${node.domain}.${node.op}` : node.op,
    ...(layer !== undefined && { layer }),
    ...applyConventions(counts, setting.conventions),
    parameters: sum(node.inputs, (input) =>
      input?.constant?.dtype === 'float32' && input.shape.length > 0 ? input.constant.data.length : 0,
    ),
    outputBytes: sum(node.outputs, (output) => elements(output?.type?.shape)) * setting.numbers.bytes,
    counts,
  }));
}

/** The peak of a graph of which every shape is known, else NaN. */
function peakOf({ graph }: CountedGraph, bytesPerElement: number): number {
  const isKnown = graph.nodes.every((node) =>
    node.outputs.every((output) => !output || output.type?.shape?.every((dim) => typeof dim === 'number')),
  );
  return isKnown ? measureActivations(graph, bytesPerElement).peakBytes : Number.NaN;
}

/**
 * Measures a network, per inference of one image; `graph` is not changed. Energies are in the accelerator's unit.
 * Throws E_SHAPE for symbolic dimensions without a size (a first one is a batch of one), E_FILE and E_FORMAT for an
 * accelerator model that cannot be read, E_USAGE for a format that it lacks.
 *
 * @example
 * import { loadModel, measureCost } from 'tritbank';
 *
 * const { bytes, macs, additions, relative } = measureCost(await loadModel('small.onnx'), { accelerator: 'paper' });
 * console.log(bytes, macs, additions, `${relative.energy.toFixed(2)} of the uncompressed network's energy`);
 */
export function measureCost(graph: Graph, options: CostOptions = {}): NetworkCost {
  const counted = countGraph(graph, options.sizes);
  const setting = chooseSetting(options, counted.activations);
  const groups = counted.layers.map((layer) => layer.group);
  const scheme = chooseScheme(groups, counted.activations, options.scheme);
  const structureBytes = scheme.structure === 'counted' ? measureStructure(graph) : 0;
  const parts = describeLayers(counted, scheme, setting);
  const works = parts.map((part): Work => ({ ...part, weightBytes: part.bytes }));
  const { split } = options;
  const whole = estimate(works, setting.accelerator, { format: setting.format, ...(split !== undefined && { split }) });
  const layers = parts.map((part, i): LayerCost => {
    const { energy, memoryEnergy, utilisation } = whole.layers[i]!;
    return { ...part, energy, memoryEnergy, utilisation };
  });
  const total = addArithmetic(layers);
  const bytes = sum(layers, (l) => l.bytes) + Math.ceil((counted.rest * scheme.otherBits) / 8) + structureBytes;
  const reference = uncompressedReference(counted, setting);
  const trafficBytes = sum(parts, trafficOf);
  const { fixedSplit } = whole;
  return {
    name: graph.name,
    ...total,
    layers,
    nodes: describeNodes(counted, setting),
    batch: counted.batch,
    activations: counted.activations,
    counts: addCounts(layers.map((l) => l.counts)),
    parameters: sum(layers, (l) => l.parameters) + counted.rest,
    bytes,
    structureBytes,
    outputScales: sum(groups, (group) => group.outputScales),
    peakActivationBytes: peakOf(counted, setting.numbers.bytes),
    trafficBytes,
    intensity: intensityOf(total, trafficBytes),
    energy: whole.energy,
    memoryEnergy: whole.memoryEnergy,
    areaTime: whole.areaTime,
    split: whole.split,
    fixedSplit: {
      split: fixedSplit.split,
      utilisation: fixedSplit.utilisation,
      throughput: fixedSplit.time > 0 ? reference.areaTime / fixedSplit.time : 1,
    },
    relative: compare({ bytes, multiplications: total.multiplications }, whole, reference),
    unknown: counted.unknown,
    accelerator: setting.accelerator.name,
    format: setting.format,
    energyUnit: setting.accelerator.units.energy,
    areaUnit: setting.accelerator.units.area,
    conventions: setting.conventions,
    scheme,
  };
}
