/**
 * What every candidate of every layer costs, so that a choice of one per layer costs the sum: bytes (rounded up layer by
 * layer, as they are stored), energy, multiplications and area-time are all additive. Multiplied out, throughput at
 * least t is area-time at most 1 / t of the uncompressed network's. Sums in another order differ in their last digits:
 * `predictCost` adds up as `sweepCost` does. Left out, as in `cost/predict.ts`: scales that stay behind ternary filters.
 */

import {
  type Arithmetic,
  addArithmetic,
  type CostOptions,
  type CountedLayer,
  chooseSetting,
  compare,
  countKnown,
  estimate,
  measureLayer,
  otherWork,
  predictLayers,
  type Reference,
  type Relative,
  type Setting,
  type StorageScheme,
  storageSchemes,
  uncompressedReference,
  type Work,
  workOf,
} from '../../cost/index.ts';
import { type Graph, TritbankError } from '../../ir/index.ts';
import { isBank } from '../../quantize/index.ts';
import { type Candidate, checkCandidate, type LayerCandidates } from './candidate.ts';

/** As in `CostOptions`; the scheme is by default `hybrid-fp16`. */
export type PlannerOptions = Omit<CostOptions, 'split'>;

export interface CostVector {
  readonly bytes: number;
  /** In the accelerator's unit. */
  readonly energy: number;
  readonly multiplications: number;
  /** Area of an array on which the work takes one cycle, all units busy. */
  readonly areaTime: number;
}

/** `weightBytes` are those of the storage scheme. */
export type LayerWork = Work & Arithmetic;

/** A layer that something is planned for; `costs` and `works` belong to `candidates`. */
export interface CostedLayer extends LayerCandidates {
  readonly filters: number;
  readonly costs: readonly CostVector[];
  readonly works: readonly LayerWork[];
}

export interface NetworkCosts {
  /** In the order that they were given in. */
  readonly layers: readonly CostedLayer[];
  /** Everything else: layers without candidates, operators outside of layers, values that belong to no layer. */
  readonly fixed: CostVector;
  /** The uncompressed network, stored at 16 bits a value. */
  readonly reference: Reference;
  readonly setting: Setting;
  readonly scheme: StorageScheme;
  /** The network in execution order: an index in `layers`, or what is fixed. */
  readonly sequence: readonly (number | LayerWork)[];
  /** Bytes of the values that belong to no layer. */
  readonly restBytes: number;
}

export interface PredictedCost extends Arithmetic {
  readonly bytes: number;
  readonly energy: number;
  readonly areaTime: number;
  readonly relative: Relative;
}

function checkSetting({ conventions }: Setting, scheme: StorageScheme): void {
  const why = 'a planner has no trained weights to count';
  const fail = (expected: string, found: string) => {
    throw new TritbankError('E_USAGE', 'planner', `expected ${expected} (${why}), found ${found}`);
  };
  if (conventions.outputScales === 'counted') fail('output scales left out', 'them counted');
  if (scheme.outputScaleBits > 0) fail('a scheme without output scales', `${scheme.outputScaleBits} bits for each`);
  if (scheme.packing === 'entropy') fail('a packing by size', 'entropy');
}

function checkLayers(layers: readonly LayerCandidates[], counted: readonly CountedLayer[]): void {
  const known = new Map(counted.map(({ group }) => [group.name, group]));
  const seen = new Set<string>();
  for (const { name, candidates } of layers) {
    const group = known.get(name);
    if (!group) throw new TritbankError('E_USAGE', 'planner', `expected names of layers, found '${name}'`);
    const where = `layer '${name}'`;
    if (seen.has(name)) throw new TritbankError('E_USAGE', where, 'expected its candidates once, found them twice');
    seen.add(name);
    if (candidates.length === 0) throw new TritbankError('E_USAGE', where, 'expected candidates, found none');
    for (const [i, candidate] of candidates.entries())
      checkCandidate(candidate, group.filters, `${where} candidate ${i}`);
    const isGrouped = [...group.nodes.keys()].some((node) => node.int('group', 1) > 1);
    if (isGrouped && candidates.some(({ plan }) => isBank(plan))) {
      throw new TritbankError(
        'E_MODEL',
        where,
        'expected a convolution of one group for a filter bank, found a grouped one',
      );
    }
  }
}

/** The layer as the candidate has it; its zeros are counted where `setting` skips them. */
function predict(layer: CountedLayer, candidate: Candidate, setting: Setting, where: string): CountedLayer {
  const [predicted] = predictLayers([layer], { layers: { [layer.group.name]: candidate.plan } });
  const { group, counts } = predicted!;
  if (group.trits === 0 || setting.conventions.ternary === 'dense') return predicted!;
  const { nonZero } = candidate;
  if (nonZero === undefined || !(nonZero >= 0 && nonZero <= group.trits)) {
    const expected = `0 to ${group.trits} predicted non-zero weights, which the zero-skipping count needs`;
    throw new TritbankError('E_USAGE', where, `expected ${expected}, found ${nonZero ?? 'none'}`);
  }
  // each ternary weight does one addition per output position
  const positions = counts.ternary / group.trits;
  return { ...predicted!, counts: { ...counts, ternaryNonZero: nonZero * positions } };
}

function costOf(works: readonly LayerWork[], restBytes: number, { accelerator, format }: Setting): CostVector {
  const { energy, areaTime } = estimate(works, accelerator, { format });
  const bytes = works.reduce((total, work) => total + work.weightBytes, 0) + restBytes;
  return { bytes, energy, multiplications: addArithmetic(works).multiplications, areaTime };
}

/**
 * Costs of all candidates; layers that `layers` does not name stay as they are. Throws E_MODEL for a network that is
 * compressed already and for banks of grouped convolutions, E_UNSUPPORTED for operators of unknown cost, E_USAGE for
 * unknown or repeated names, for candidates that do not fit their layer, for conventions and schemes that need trained
 * weights (zeros are skipped by the candidates' `nonZero`), and what `measureCost` throws.
 *
 * @example
 * import { analyzeNetwork, costCandidates, loadModel, makeCandidates, normalizeNetwork } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const analysis = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 1 });
 * const { layers, reference } = costCandidates(graph, makeCandidates(graph, analysis), { accelerator: 'paper' });
 * for (const { name, costs } of layers) console.log(name, costs[0]!.bytes / reference.bytes);
 */
export function costCandidates(
  graph: Graph,
  layers: readonly LayerCandidates[],
  options: PlannerOptions = {},
): NetworkCosts {
  const setting = chooseSetting(options);
  const scheme = typeof options.scheme === 'object' ? options.scheme : storageSchemes[options.scheme ?? 'hybrid-fp16'];
  checkSetting(setting, scheme);
  const counted = countKnown(graph, 'planner', options.sizes);
  predictLayers(counted.layers, { layers: {} }); // refuses ternary layers
  checkLayers(layers, counted.layers);
  const work = (layer: CountedLayer) => workOf(layer, measureLayer(layer.group, scheme).bytes, setting);
  const byName = new Map(counted.layers.map((layer) => [layer.group.name, layer]));
  const costed = layers.map(({ name, candidates }): CostedLayer => {
    const layer = byName.get(name)!;
    const works = candidates.map((candidate, i) =>
      work(predict(layer, candidate, setting, `layer '${name}' candidate ${i}`)),
    );
    const costs = works.map((one) => costOf([one], 0, setting));
    return { name, candidates, filters: layer.group.filters, costs, works };
  });
  const places = new Map(layers.map(({ name }, i) => [name, i]));
  const others = otherWork(counted.nodes, setting);
  const sequence = [...counted.layers.map((layer) => places.get(layer.group.name) ?? work(layer)), others];
  const restBytes = Math.ceil((counted.rest * scheme.otherBits) / 8);
  const fixed = costOf(
    sequence.filter((part) => typeof part !== 'number'),
    restBytes,
    setting,
  );
  const reference = uncompressedReference(counted, setting);
  return { layers: costed, fixed, reference, setting, scheme, sequence, restBytes };
}

/** The network with candidate `choice[i]` for layer i: what `sweepCost` says of that plan, digit by digit. */
export function predictCost(costs: NetworkCosts, choice: readonly number[]): PredictedCost {
  const works = costs.sequence.map((part) =>
    typeof part === 'number' ? costs.layers[part]!.works[choice[part]!]! : part,
  );
  const { bytes } = costOf(works, costs.restBytes, costs.setting);
  const { accelerator, format } = costs.setting;
  const { energy, memoryEnergy, areaTime } = estimate(works, accelerator, { format });
  const arithmetic = addArithmetic(works);
  const { multiplications } = arithmetic;
  const relative = compare({ bytes, multiplications }, { energy, memoryEnergy, areaTime }, costs.reference);
  return { ...arithmetic, bytes, energy, areaTime, relative };
}
