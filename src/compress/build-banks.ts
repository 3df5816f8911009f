/**
 * From a plan to a network that is ready for training: filters reordered so that the full-precision ones of each bank
 * come first, banks in place of layers, their factors from decompositions of the ternary filters' weights, so that
 * training begins near the original network (in place of phase 1 of Tschannen et al., arXiv 1712.03942).
 */

import { f32, type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { inferShapes, permuteFilters } from '../passes/index.ts';
import { applyPlan, findLayers, type Layer, type Plan, type QuantizedNetwork } from '../quantize/index.ts';
import { type Factors, initialState } from '../train/index.ts';
import type { Decomposition } from './decompose/decompose.ts';
import { decomposeLayers, type LayerWeights, type ParallelOptions } from './decompose/parallel.ts';
import { fanIn, metricOptions, pickRows, weightRows } from './sensitivity.ts';
import type { LayerStatistics } from './statistics/statistics.ts';

export interface BuildOptions extends ParallelOptions {
  readonly seed: number;
  /** By layer name; without them all inputs weigh the same. */
  readonly statistics?: ReadonlyMap<string, LayerStatistics>;
  /** Of decompositions, by layer name, as in `DecomposeOptions`; default 0. */
  readonly sparsities?: Readonly<Record<string, number>>;
  /** `draw`: fresh random factors, for training from scratch. Default `decompose`. */
  readonly factors?: 'decompose' | 'draw';
}

export interface BuiltBanks {
  /** The original network with its filters reordered: the same outputs. */
  readonly base: Graph;
  readonly quantized: QuantizedNetwork;
  /** Values that make `quantized` compute the decomposed layers; empty for drawn factors. */
  readonly initial: ReadonlyMap<string, Tensor>;
  /** Decompositions of the ternary filters, in the original order of filters and inputs. */
  readonly decompositions: ReadonlyMap<string, Decomposition>;
}

/** A layer's weights in the original order, and where each row and column went. */
interface Places {
  /** Row i of the reordered layer was row `rows[i]`. */
  readonly rows: readonly number[];
  /** Weight j of a reordered filter was weight `columns[j]`. */
  readonly columns: readonly number[];
}

function permuteAll(graph: Graph, orders: Readonly<Record<string, readonly number[]>>): Graph {
  const copy = inferShapes(graph.clone());
  for (const [name, order] of Object.entries(orders)) {
    const node = copy.nodes.find((n) => n.name === name);
    if (!node) throw new TritbankError('E_USAGE', 'plan', `expected names of layers, found '${name}'`);
    const { moved } = permuteFilters(copy, node, order);
    const clash = [...moved.keys()].find((other) => Object.hasOwn(orders, other));
    if (clash === undefined) continue;
    const message = `expected a bank whose filters keep their places, found '${clash}' moved with '${name}'`;
    throw new TritbankError('E_UNSUPPORTED', 'plan', message);
  }
  return copy;
}

/**
 * Follows every weight through the reordering: the same passes over a network whose weights are numbered. Numbers up to
 * 2^24 are exact in float32.
 */
function tracePlaces(graph: Graph, orders: Readonly<Record<string, readonly number[]>>): Map<string, Places> {
  const numbered = graph.clone();
  for (const { weight } of findLayers(numbered)) {
    const { dims, data } = weight.constant!;
    weight.constant = f32(
      dims,
      Float32Array.from({ length: data.length }, (_, i) => i),
    );
  }
  const places = new Map<string, Places>();
  for (const layer of findLayers(permuteAll(numbered, orders))) {
    const [data, size] = [weightRows(layer), fanIn(layer)];
    const rows = Array.from({ length: layer.filters }, (_, i) => Math.floor(data[i * size]! / size));
    const columns = Array.from({ length: size }, (_, j) => data[j]! % size);
    places.set(layer.name, { rows, columns });
  }
  return places;
}

/** The ternary filters' weights, with what weighs their errors. */
function problemOf(
  layer: Layer,
  ternary: readonly number[],
  { hidden, sparsity }: { readonly hidden: number; readonly sparsity: number },
  known: LayerStatistics | undefined,
): LayerWeights {
  const { name } = layer;
  const inputs = fanIn(layer);
  const weights = pickRows(weightRows(layer), inputs, ternary);
  const options = { width: hidden, sparsity, name, ...(known && metricOptions(known, ternary)) };
  return { name, weights, filters: ternary.length, inputs, options };
}

/** A decomposition as the factors of the reordered layer. Its rows are the ternary filters in ascending order. */
function factorsOf(layer: Layer, { filters, width, inputs, wb, wc, scales }: Decomposition, places: Places): Factors {
  const isGemm = layer.node.op === 'Gemm';
  const permuted = new Float32Array(wb.length);
  for (let k = 0; k < width; k++) {
    for (let j = 0; j < inputs; j++) permuted[k * inputs + j] = wb[k * inputs + places.columns[j]!]!;
  }
  return {
    wb: f32(isGemm ? [width, inputs] : [width, layer.inputs, ...layer.kernel], permuted),
    wc: f32(isGemm ? [filters, width] : [filters, width, 1, 1], Float32Array.from(wc)),
    a: scales,
  };
}

/**
 * Builds the network of `plan` from `graph` (normalised; not changed). `orders` has, per bank, the original filters in
 * their new places, the full-precision ones first and both groups ascending (`toPlan` of a plan file). Throws E_USAGE
 * for layers that are not there, E_UNSUPPORTED for two banks whose filters can only move together (the branch and the
 * trunk of a squeeze-and-excite), E_MODEL for weights that are not finite.
 */
export async function buildBanks(
  graph: Graph,
  plan: Plan,
  orders: Readonly<Record<string, readonly number[]>>,
  options: BuildOptions,
): Promise<BuiltBanks> {
  const { seed, statistics, sparsities = {}, factors = 'decompose', ...parallel } = options;
  const base = permuteAll(graph, orders);
  if (factors === 'draw') {
    return { base, quantized: applyPlan(base, plan, seed), initial: new Map(), decompositions: new Map() };
  }
  const quantized = applyPlan(base, plan, seed, { factors: 'zero' });
  const layers = new Map(findLayers(graph).map((layer) => [layer.name, layer]));
  const problems = Object.entries(plan.layers).flatMap(([name, planned]): LayerWeights[] => {
    if (planned.method === 'fp' || planned.method === 'twn') return [];
    const layer = layers.get(name)!;
    const ternary = (orders[name] ?? [...Array(layer.filters).keys()]).slice(planned.fullPrecision);
    const size = { hidden: planned.hidden, sparsity: sparsities[name] ?? 0 };
    return [problemOf(layer, ternary, size, statistics?.get(name))];
  });
  const decompositions = await decomposeLayers(problems, parallel);
  const places = tracePlaces(graph, orders);
  const factorsByLayer = new Map(
    [...decompositions].map(([name, found]) => [name, factorsOf(layers.get(name)!, found, places.get(name)!)]),
  );
  return { base, quantized, initial: initialState(quantized, factorsByLayer), decompositions };
}
