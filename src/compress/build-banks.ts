/**
 * From a plan to a network that is ready for training: the network of the plan, its factors from decompositions of the
 * ternary filters' weights, so that training begins near the original network (in place of phase 1 of Tschannen et al.,
 * arXiv 1712.03942).
 */

import { f32, type Graph, type Tensor } from '../ir/index.ts';
import {
  applyPlan,
  type BankPlan,
  type Factors,
  fanIn,
  findLayers,
  initialState,
  isBank,
  type Layer,
  type Origin,
  otherFilters,
  type Plan,
  type PlannedNetwork,
  pickRows,
  traceFilters,
  weightRows,
} from '../quantize/index.ts';
import { correctMeans, withShifts } from './correct-means.ts';
import type { Decomposition } from './decompose/decompose.ts';
import { decomposeLayers, type LayerWeights, type ParallelOptions } from './decompose/parallel.ts';
import { metricOptions } from './importance.ts';
import { scaleFilters } from './scale-filters.ts';
import { shrinkStatistics } from './statistics/shrinkage.ts';
import type { LayerStatistics } from './statistics/statistics.ts';

export interface BuildOptions extends ParallelOptions {
  readonly seed: number;
  /** By layer name; without them all inputs weigh the same. */
  readonly statistics?: ReadonlyMap<string, LayerStatistics>;
  /** `draw`: fresh random factors, for training from scratch. Default `decompose`. */
  readonly factors?: 'decompose' | 'draw';
}

export interface BuiltBanks {
  readonly network: PlannedNetwork;
  /** Values that make `network` compute the decomposed layers; empty for drawn factors. */
  readonly initial: ReadonlyMap<string, Tensor>;
  /** Decompositions of the ternary filters, in the original order of filters and inputs. */
  readonly decompositions: ReadonlyMap<string, Decomposition>;
}

/** The ternary filters' weights, with what weighs their errors. */
function problemOf(layer: Layer, { fullPrecision, hidden, sparsity = 0 }: BankPlan, known?: LayerStatistics) {
  const { name } = layer;
  const inputs = fanIn(layer);
  const ternary = otherFilters(layer.filters, fullPrecision);
  const weights = pickRows(weightRows(layer), inputs, ternary);
  const metric = known && metricOptions(shrinkStatistics(known), ternary);
  const options = { width: hidden, sparsity, name, scaleFilters: true, ...metric };
  return { name, weights, filters: ternary.length, inputs, options };
}

/** A decomposition as the factors of the reordered layer. Its rows are the ternary filters in ascending order. */
function factorsOf(
  layer: Layer,
  { filters, width, inputs, wb, wc, scales }: Decomposition,
  { columns }: Origin,
): Factors {
  const isGemm = layer.node.op === 'Gemm';
  const permuted = new Float32Array(wb.length);
  for (let k = 0; k < width; k++) {
    for (let j = 0; j < inputs; j++) permuted[k * inputs + j] = wb[k * inputs + columns[j]!]!;
  }
  return {
    wb: f32(isGemm ? [width, inputs] : [width, layer.inputs, ...layer.kernel], permuted),
    wc: f32(isGemm ? [filters, width] : [filters, width, 1, 1], Float32Array.from(wc)),
    a: scales,
  };
}

/** (diag(s) Wc diag(a) Wb - W) m of each ternary filter, m the mean of the inputs. */
function meanErrors(
  { wb, wc, scales, filterScales, filters, width, inputs }: Decomposition,
  weights: ArrayLike<number>,
  mean: Float64Array,
): Float64Array {
  const hidden = Float64Array.from({ length: width }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < inputs; j++) sum += wb[k * inputs + j]! * mean[j]!;
    return sum * scales[k]!;
  });
  return Float64Array.from({ length: filters }, (_, f) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += wc[f * width + k]! * hidden[k]!;
    let error = filterScales[f]! * sum;
    for (let j = 0; j < inputs; j++) error -= weights[f * inputs + j]! * mean[j]!;
    return error;
  });
}

/**
 * Builds the network of `plan` from `graph` (normalised; not changed). With statistics, biases make up for the mean errors
 * of the decompositions. Throws what `applyPlan` throws, and E_MODEL for weights that are not finite.
 *
 * @example
 * import { buildBanks, loadModel, makePlan, normalizeNetwork } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const plan = makePlan(graph, { method: 'hybrid', alpha: 0.5 });
 * const { network, decompositions } = await buildBanks(graph, plan, { seed: 1, threads: 1 });
 * for (const [name, { width, error }] of decompositions) console.log(network.graph.name, name, width, error);
 */
export async function buildBanks(graph: Graph, plan: Plan, options: BuildOptions): Promise<BuiltBanks> {
  const { seed, statistics, factors = 'decompose', ...parallel } = options;
  if (factors === 'draw') {
    return { network: applyPlan(graph, plan, seed), initial: new Map(), decompositions: new Map() };
  }
  const names = new Set(Object.keys(plan.layers).filter((name) => isBank(plan.layers[name]!)));
  const network = applyPlan(statistics ? withShifts(graph, names) : graph, plan, seed, { factors: 'zero' });
  const layers = new Map(findLayers(graph).map((layer) => [layer.name, layer]));
  const problems = Object.entries(plan.layers).flatMap(([name, planned]): LayerWeights[] =>
    isBank(planned) ? [problemOf(layers.get(name)!, planned, statistics?.get(name))] : [],
  );
  const decompositions = await decomposeLayers(problems, parallel);
  const origins = traceFilters(graph, plan);
  for (const [name, { filterScales }] of decompositions) {
    const kept = layers.get(name)!.filters - filterScales.length;
    scaleFilters(network.graph, name, network.banks.get(name)!, { kept, scales: filterScales });
  }
  const found = [...decompositions].map(
    ([name, one]) => [name, factorsOf(layers.get(name)!, one, origins.get(name)!)] as const,
  );
  const shifts = problems.flatMap(({ name, weights }) => {
    const mean = statistics?.get(name)?.mean;
    return mean ? [[name, meanErrors(decompositions.get(name)!, weights, mean)] as const] : [];
  });
  const initial = new Map([...initialState(network, new Map(found)), ...correctMeans(network.base, new Map(shifts))]);
  return { network, initial, decompositions };
}
