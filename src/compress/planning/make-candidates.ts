/**
 * From an analysis to what the planner chooses from: for each layer a grid of alphas (the share of filters that stay in
 * full precision) by sparsities and width ratios, with a predicted loss each. The filters that stay are those with the largest predicted
 * loss; the loss is the sum over the others.
 *
 * The analysis decomposed whole banks, and a bank of t of the T filters is another matrix. At the same hidden width per
 * filter it has fewer trits per weight,
 *
 *   r (t + n) / (t n)     for r hidden units, t filters of n weights,
 *
 * and errors fall exponentially with the trits per weight, as rate-distortion theory has it. So a filter's residual is
 * read from its whole bank's at equal trits per weight, log-linearly between the widths that were analysed. On MobileNet-V1
 * 0.5 this was 1 to 57 % above the true residual for alphas up to 0.75 (filters that stay leave a bank that is easier);
 * reading it at the same width ratio was up to 70 times below.
 *
 * Where activations have 8 bits, hidden units are rounded to levels s apart, which adds s^2 / 12 to the variance of a
 * filter's output for each unit that it reads (all filters of a layer are taken to read as many). In early layers that may be
 * most of a bank's loss: their units vary by unequal amounts, and the largest says how far apart the levels of all are. It
 * was predicted to cost up to 29 times as much as the decomposition (the first three layers of MobileNet-V1 0.5), and where
 * plans left it out, another network lost two points by it.
 */

import { type Graph, TritbankError } from '../../ir/index.ts';
import {
  type BankPlan,
  bankPlan,
  type FilterBits,
  type FullPlan,
  fanIn,
  isBank,
  type Layer,
  largest,
  otherFilters,
  type Plan,
  upTo,
} from '../../quantize/index.ts';
import { requireCandidates } from '../candidates.ts';
import { type Analysis, type AnalyzedLayer, checkRatios, ratioBase, type SparserFit } from '../sensitivity.ts';
import { type Candidate, type LayerCandidates, untouched } from './candidate.ts';

export interface LossOptions {
  /** Activations have 8 bits: rounding hidden units counts, where the analysis tells what it does. Default false. */
  readonly roundsUnits?: boolean;
}

export interface CandidateGrid extends LossOptions {
  /** Shares of filters in full precision, in 0..1. Default: 0 to 0.875 in steps of 0.125. All of them is always a candidate. */
  readonly alphas?: readonly number[];
  /** Hidden units per ternary filter, in a classifier scaled as in the analysis. Default: those of the analysis. */
  readonly ratios?: readonly number[];
  /**
   * Bits that filters in full precision may have instead of the file's: none (the default), or 4, for those of a bank
   * together, and for those of other layers together or for the half that loses less.
   */
  readonly bits?: readonly FilterBits[];
  /** Of decompositions; 0 or some that were analysed. Default: 0 and all of these. */
  readonly sparsities?: readonly number[];
}

export const defaultAlphas = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875] as const;

/** Residuals of 0 take part in interpolation as this. */
const leastResidual = 1e-12;

/**
 * Candidates of every analysed layer, in the same order in all layers: by alpha, sparsity and ratio, then those with few
 * bits, at last the layer as it is, with loss 0. Of one alpha and sparsity, more hidden units never have more loss: where they would,
 * the candidate with fewer stands in their place, so that entry k means the same everywhere. Throws E_USAGE for an
 * analysis of another network and for alphas, ratios or sparsities out of range.
 *
 * @example
 * import { analyzeNetwork, loadModel, makeCandidates, normalizeNetwork } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const analysis = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 1 });
 * const [first] = makeCandidates(graph, analysis, { alphas: [0, 0.5] });
 * for (const { plan, loss } of first!.candidates) console.log(plan.method, loss);
 */
export function makeCandidates(graph: Graph, analysis: Analysis, grid: CandidateGrid = {}): LayerCandidates[] {
  checkAnalysis(graph, analysis);
  const { alphas, ratios, sparsities, bits } = checkGrid(analysis, grid);
  const { roundsUnits = false } = grid;
  return analysis.layers.map((layer) => {
    const banks = alphas.flatMap((alpha) =>
      sparsities.map((sparsity) =>
        neverWorse(
          ratios.map((ratio) => predictCandidate(layer, keptCount(layer, alpha), { ratio, sparsity, roundsUnits })),
        ),
      ),
    );
    const narrow = bits.includes(4) ? fourBitCandidates(layer, banks.flat()) : [];
    return { name: layer.name, candidates: [...banks.flat(), ...narrow, untouched] };
  });
}

/** Predicted loss of each filter with its whole bank ternary at a width ratio: what `makePlan` takes. */
export function filterSensitivity(
  analysis: Analysis,
  ratio: number,
  options: LossOptions = {},
): Record<string, number[]> {
  checkRatios([ratio]);
  return Object.fromEntries(
    analysis.layers.map((layer) => {
      const whole = { ternary: layer.filters, hidden: hiddenFor(layer, layer.filters, ratio) };
      return [layer.name, predictAll(layer, whole, options)];
    }),
  );
}

/** What the analysis found at a sparsity. */
function fitsAt(layer: AnalyzedLayer, sparsity: number): Omit<SparserFit, 'sparsity'> {
  const found = sparsity === 0 ? layer : layer.sparser?.find((one) => one.sparsity === sparsity);
  if (!found) throw new Error(`internal: layer '${layer.name}' was not analysed at sparsity ${sparsity}`);
  return found;
}

/** Predicted loss of each filter of a layer in a bank of `ternary` filters with `hidden` units. */
export function predictLosses(layer: AnalyzedLayer, ternary: number, hidden: number, sparsity = 0): number[] {
  const { widths, filters, importance } = layer;
  const { residuals } = fitsAt(layer, sparsity);
  // without hidden units every residual is 1; of widths that coincide one is enough
  const knots = [
    { trits: 0, residuals: importance.map(() => 1) },
    ...widths.flatMap((width, i) =>
      width === widths[i + 1] ? [] : [{ trits: tritsPerWeight(layer, filters, width), residuals: residuals[i]! }],
    ),
  ];
  const trits = tritsPerWeight(layer, ternary, hidden);
  const next = knots.findIndex((knot, i) => i > 0 && knot.trits >= trits);
  const [below, above] = next < 0 ? knots.slice(-2) : [knots[next - 1], knots[next]];
  const share = (trits - below!.trits) / (above!.trits - below!.trits);
  return importance.map((one, f) => {
    const [low, high] = [below!, above!].map((knot) => Math.log(Math.max(knot.residuals[f]!, leastResidual)));
    return one * Math.min(1, Math.exp(low! + share * (high! - low!)));
  });
}

/** Whether the analysis tells what rounding a layer's units costs. */
export const knowsRounding = ({ relativeNoise, sparser = [] }: AnalyzedLayer): boolean =>
  relativeNoise !== undefined && sparser.every((fit) => fit.relativeNoise !== undefined);

/**
 * What rounding the units of such a bank to 8 bits is predicted to cost for each filter; 0 where the analysis does not
 * tell. Read from the width that was analysed with the next number of trits per weight.
 */
export function predictUnitLosses(layer: AnalyzedLayer, ternary: number, hidden: number, sparsity = 0): number[] {
  const { widths, filters, importance } = layer;
  const { relativeNoise } = fitsAt(layer, sparsity);
  if (!relativeNoise) return importance.map(() => 0);
  const trits = tritsPerWeight(layer, ternary, hidden);
  const next = widths.findIndex((width) => tritsPerWeight(layer, filters, width) >= trits);
  const noise = hidden * (next < 0 ? relativeNoise.at(-1)! : relativeNoise[next]!);
  return importance.map((one) => one * noise);
}

/** Predicted loss of each filter of a layer in such a bank, by its weights and perhaps by its units. */
function predictAll(
  layer: AnalyzedLayer,
  { ternary, hidden, sparsity = 0 }: Pick<BankPlan, 'hidden' | 'sparsity'> & { readonly ternary: number },
  { roundsUnits = false }: LossOptions,
): number[] {
  const losses = predictLosses(layer, ternary, hidden, sparsity);
  const units = roundsUnits ? predictUnitLosses(layer, ternary, hidden, sparsity) : undefined;
  return units ? losses.map((loss, f) => loss + units[f]!) : losses;
}

const sumOf = (losses: readonly number[], filters: readonly number[]) =>
  filters.reduce((sum, filter) => sum + losses[filter]!, 0);

/** Predicted loss of a bank: the sum over its ternary filters. */
export function predictBankLoss(layer: AnalyzedLayer, plan: BankPlan, options: LossOptions = {}): number {
  const ternary = otherFilters(layer.filters, plan.fullPrecision);
  return sumOf(predictAll(layer, { ...plan, ternary: ternary.length }, options), ternary);
}

/**
 * Predicted loss of a plan before training, in the analysis' unit: the sum over its banks, with or without what 8 bits do
 * to hidden units, and over filters in 4 bits. Layers that were not analysed count as nothing.
 *
 * @example
 * import { analyzeNetwork, loadModel, makePlan, normalizeNetwork, predictLoss } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const analysis = await analyzeNetwork(graph, { ratios: [0.5, 1], threads: 1 });
 * console.log(predictLoss(analysis, makePlan(graph, { method: 'strassen', widthRatio: 1 })));
 */
export function predictLoss(analysis: Analysis, plan: Plan, options: LossOptions = {}): number {
  return analysis.layers.reduce((sum, layer) => {
    const planned = plan.layers[layer.name];
    if (planned === undefined || planned.method === 'twn') return sum;
    const rounding = predictRoundingLoss(layer, planned);
    return sum + rounding + (isBank(planned) ? predictBankLoss(layer, planned, options) : 0);
  }, 0);
}

/** Predicted loss of filters in 4 bits; 0 where the analysis does not tell. */
export function predictRoundingLoss(layer: AnalyzedLayer, plan: BankPlan | FullPlan): number {
  const losses = roundedLosses(layer);
  const filters = isBank(plan) ? plan.fullPrecision : upTo(layer.filters);
  if (!losses || !plan.bits) return 0;
  return filters.reduce((sum, f, k) => sum + (plan.bits![k] === 4 ? losses[f]! : 0), 0);
}

const tritsPerWeight = ({ inputs }: AnalyzedLayer, ternary: number, hidden: number) =>
  (hidden * (ternary + inputs)) / (ternary * inputs);

/** Predicted ternary weights other than zero: as dense as in the whole bank at equal trits per weight. */
export function predictNonZero(layer: AnalyzedLayer, ternary: number, hidden: number, sparsity = 0): number {
  const densities = fitsAt(layer, sparsity).nonZero.map(
    (count, i) => count / (layer.widths[i]! * (layer.filters + layer.inputs)),
  );
  const anchors = layer.widths.map((width) => tritsPerWeight(layer, layer.filters, width));
  const trits = tritsPerWeight(layer, ternary, hidden);
  const i = anchors.findIndex((anchor) => anchor >= trits);
  const density = densities[i < 0 ? densities.length - 1 : i]!;
  return Math.round(density * hidden * (ternary + layer.inputs));
}

interface Decomposed extends LossOptions {
  readonly ratio: number;
  readonly sparsity: number;
}

function predictCandidate(layer: AnalyzedLayer, kept: number, { ratio, sparsity, ...options }: Decomposed): Candidate {
  const ternary = layer.filters - kept;
  if (ternary === 0) return untouched;
  const hidden = hiddenFor(layer, ternary, ratio);
  const losses = predictAll(layer, { ternary, hidden, sparsity }, options);
  const fullPrecision = largest(losses, kept);
  const loss = sumOf(losses, otherFilters(layer.filters, fullPrecision));
  const nonZero = predictNonZero(layer, ternary, hidden, sparsity);
  return { plan: bankPlan(layer.filters, fullPrecision, hidden, sparsity), loss, nonZero };
}

/** Bits of filters that have 8 or 16 beside those of 4: more than the file's are not stored. */
const usualBits = 16;

/** What 4 bits are predicted to lose of a filter; undefined for an analysis of an earlier release. */
function roundedLosses({ rounded, importance }: AnalyzedLayer): number[] | undefined {
  return rounded && importance.map((one, f) => one * rounded[f]!);
}

/** Banks with their full-precision filters in 4 bits, and the layer without a bank, half or all of its filters in 4 bits. */
function fourBitCandidates(layer: AnalyzedLayer, banks: readonly Candidate[]): Candidate[] {
  const losses = roundedLosses(layer);
  if (!losses) return [];
  const lossOf = (filters: readonly number[]) => sumOf(losses, filters);
  const narrowed = banks.flatMap((candidate): Candidate[] => {
    const { plan, loss } = candidate;
    if (!isBank(plan) || plan.fullPrecision.length === 0) return [];
    const bits = plan.fullPrecision.map(() => 4 as const);
    return [{ ...candidate, plan: { ...plan, bits }, loss: loss + lossOf(plan.fullPrecision) }];
  });
  const whole = [Math.floor(layer.filters / 2), 0].map((count): Candidate => {
    const wide = new Set(largest(losses, count));
    const bits = losses.map((_, f): FilterBits => (wide.has(f) ? usualBits : 4));
    return { plan: { method: 'fp', bits }, loss: lossOf(upTo(layer.filters).filter((f) => !wide.has(f))) };
  });
  return [...narrowed, ...whole];
}

const keptCount = ({ filters }: AnalyzedLayer, alpha: number) => Math.round(alpha * filters);

const hiddenFor = (layer: AnalyzedLayer, ternary: number, ratio: number) =>
  Math.max(1, Math.round((ratio * ratioBase(layer) * ternary) / layer.filters));

/** Of candidates with ascending widths, each that has no less loss than one before it becomes that one. */
function neverWorse(candidates: readonly Candidate[]): Candidate[] {
  let best = candidates[0]!;
  return candidates.map((candidate) => {
    if (candidate.loss < best.loss) best = candidate;
    return best;
  });
}

function checkGrid(analysis: Analysis, grid: CandidateGrid) {
  const { alphas = defaultAlphas, ratios = analysis.ratios } = grid;
  const known = [0, ...(analysis.layers[0]?.sparser ?? []).map(({ sparsity }) => sparsity)];
  const { sparsities = known } = grid;
  const strange = sparsities.find((sparsity) => !known.includes(sparsity));
  if (sparsities.length === 0 || strange !== undefined) {
    const expected = `expected some of those of the analysis, ${known.join(', ')}`;
    throw new TritbankError('E_USAGE', 'sparsities', `${expected}, found ${strange ?? 'none'}`);
  }
  const odd = alphas.find((alpha) => !(alpha >= 0 && alpha <= 1));
  if (alphas.length === 0 || odd !== undefined) {
    throw new TritbankError('E_USAGE', 'alphas', `expected numbers from 0 to 1, found ${odd ?? 'none'}`);
  }
  return {
    alphas: [...new Set(alphas)].sort((a, b) => a - b),
    ratios: checkRatios(ratios),
    bits: grid.bits ?? [],
    sparsities: [...new Set(sparsities)],
  };
}

/** The layers that were analysed, by name. E_USAGE where the graph has other ones. */
export function checkAnalysis(graph: Graph, analysis: Analysis): Map<string, Layer> {
  const layers = new Map(requireCandidates(graph).map((layer) => [layer.name, layer]));
  for (const { name, filters, inputs } of analysis.layers) {
    const layer = layers.get(name);
    if (layer?.filters === filters && fanIn(layer) === inputs) continue;
    const found = layer ? `one of ${layer.filters} x ${fanIn(layer)}` : 'no such layer';
    const expected = `a layer '${name}' of ${filters} filters x ${inputs} weights that can be compressed`;
    throw new TritbankError('E_USAGE', `analysis of '${analysis.model}'`, `expected ${expected}, found ${found}`);
  }
  return layers;
}
