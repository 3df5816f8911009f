/**
 * Plans as different as planners could make them: optimised ones at several sizes and by several predictions, optimised by
 * predictions that are wrong by random factors, uniform ones, and random choices. Most of them have about the same size.
 */

import { ratioBase } from '../../src/compress/sensitivity.ts';
import {
  type Analysis,
  type CostedLayer,
  costCandidates,
  type LayerPlan,
  makeCandidates,
  type NetworkCosts,
  optimizePlan,
} from '../../src/index.ts';
import { type Graph, Random } from '../../src/ir/index.ts';
import { isBank } from '../../src/quantize/index.ts';

export interface DrawnPlan {
  readonly name: string;
  /** How it came about. */
  readonly kind: 'planned' | 'other' | 'disturbed' | 'uniform' | 'random';
  readonly layers: Readonly<Record<string, LayerPlan>>;
  /** Predicted loss of each layer. */
  readonly losses: Readonly<Record<string, number>>;
  /** Of the original at 16 bits, counted as the paper counts. */
  readonly size: number;
  readonly multiplications: number;
}

/** Where between the least size and that of the original: 0 to 1. Most plans are at `common`. */
const places = [0.02, 0.05, 0.1, 0.2] as const;
const [common, larger] = [0.05, 0.1] as const;

const [disturbances, draws] = [7, 6] as const;
/** Deviation of the logarithm of a layer's factor. */
const spread = 1.5;

/** Full-precision share and ratio; the classifier is wholly ternary. */
const uniforms = [
  [0, 0.5],
  [0, 1],
  [0.25, 0.5],
] as const;

/** What each layer's predicted losses are multiplied by, or become. */
type Prediction = (layer: CostedLayer, loss: number) => number;

function predictionsOf({ layers }: Analysis): Readonly<Record<string, Prediction>> {
  const whole = new Map(layers.map(({ name, importance }) => [name, importance.reduce((sum, one) => sum + one, 0)]));
  const relative: Prediction = ({ name }, loss) => loss / Math.max(whole.get(name)!, 1e-30);
  return {
    // 1: nothing is left of the layer's outputs, as far as the loss sees them
    'relative-error': relative,
    // nearly the largest alone counts
    'largest-error': (layer, loss) => relative(layer, loss) ** 4,
    root: (_, loss) => Math.sqrt(loss),
  };
}

const candidatesWith = ({ layers }: NetworkCosts, prediction: Prediction): NetworkCosts['layers'] =>
  layers.map((layer) => ({
    ...layer,
    candidates: layer.candidates.map((one) => ({ ...one, loss: prediction(layer, one.loss) })),
  }));

/** The plans of a network, always the same ones. */
export async function drawPlans(graph: Graph, analysis: Analysis): Promise<DrawnPlan[]> {
  const costs = costCandidates(graph, makeCandidates(graph, analysis), { scheme: 'hybrid' });
  const shareOf = (choice: readonly number[], what: 'bytes' | 'multiplications') =>
    choice.reduce((sum, j, i) => sum + costs.layers[i]!.costs[j]![what], costs.fixed[what]) / costs.reference[what];
  const sizeOf = (choice: readonly number[]) => shareOf(choice, 'bytes');
  const least = sizeOf(costs.layers.map(({ costs }) => indexOfLeast(costs.map(({ bytes }) => bytes))));
  const sizeAt = (place: number) => least + place * (1 - least);
  const describe = (name: string, kind: DrawnPlan['kind'], choice: readonly number[]): DrawnPlan => {
    const chosen = costs.layers.map((layer, i) => [layer.name, layer.candidates[choice[i]!]!] as const);
    return {
      name,
      kind,
      layers: Object.fromEntries(chosen.map(([layer, { plan }]) => [layer, plan])),
      losses: Object.fromEntries(chosen.map(([layer, { loss }]) => [layer, loss])),
      size: sizeOf(choice),
      multiplications: shareOf(choice, 'multiplications'),
    };
  };
  const optimised = async (name: string, kind: DrawnPlan['kind'], place: number, prediction: Prediction) => {
    const { choice } = await optimizePlan(
      { ...costs, layers: candidatesWith(costs, prediction) },
      { size: sizeAt(place) },
    );
    return describe(name, kind, choice);
  };
  const percent = (place: number) => Math.round(100 * place);
  const plans: DrawnPlan[] = [];
  for (const place of places) plans.push(await optimised(`planned-${percent(place)}`, 'planned', place, (_, l) => l));
  for (const [name, prediction] of Object.entries(predictionsOf(analysis))) {
    for (const place of [common, larger])
      plans.push(await optimised(`${name}-${percent(place)}`, 'other', place, prediction));
  }
  for (let i = 1; i <= disturbances; i++) {
    const random = new Random(i, 'factors');
    const factors = new Map(costs.layers.map(({ name }) => [name, Math.exp(spread * random.normal())]));
    const disturbed = await optimised(`disturbed-${i}`, 'disturbed', common, ({ name }, l) => l * factors.get(name)!);
    plans.push(disturbed);
  }
  for (const [alpha, ratio] of uniforms) {
    const choice = costs.layers.map((layer, i) => uniformChoice(layer, analysis.layers[i]!, alpha, ratio));
    plans.push(describe(`uniform-${alpha}-${ratio}`, 'uniform', choice));
  }
  for (let i = 1; i <= draws; i++) {
    const choice = drawChoice(costs.layers, new Random(i, 'choice'), sizeAt(common), sizeOf);
    plans.push(describe(`random-${i}`, 'random', choice));
  }
  return distinct(plans);
}

const indexOfLeast = (values: readonly number[]) => values.indexOf(Math.min(...values));

/** The bank nearest to the share and the ratio, without sparsity. */
function uniformChoice(
  { candidates, filters }: CostedLayer,
  layer: Analysis['layers'][number],
  alpha: number,
  ratio: number,
): number {
  const share = layer.kind === 'classifier' ? 0 : alpha;
  const distances = candidates.map(({ plan }) => {
    if (!isBank(plan) || plan.sparsity) return Number.POSITIVE_INFINITY;
    const ternary = filters - plan.fullPrecision.length;
    const found = (plan.hidden * filters) / (ratioBase(layer) * ternary);
    return 10 * Math.abs(plan.fullPrecision.length / filters - share) + Math.abs(found - ratio);
  });
  return indexOfLeast(distances);
}

/** Of many random choices, some of them with a taste for small candidates, the one whose size is nearest. */
function drawChoice(
  layers: NetworkCosts['layers'],
  random: Random,
  size: number,
  sizeOf: (choice: readonly number[]) => number,
): number[] {
  const bySize = layers.map(({ costs }) => [...costs.keys()].sort((i, j) => costs[i]!.bytes - costs[j]!.bytes));
  const choices = Array.from({ length: 2000 }, () => {
    const taste = 1 + 5 * random.float();
    return bySize.map((order) => order[Math.floor(random.float() ** taste * order.length)]!);
  });
  return choices[indexOfLeast(choices.map((choice) => Math.abs(sizeOf(choice) - size)))]!;
}

/** Without those that are the same as an earlier one. */
function distinct(plans: readonly DrawnPlan[]): DrawnPlan[] {
  const seen = new Set<string>();
  return plans.filter(({ layers }) => {
    const text = JSON.stringify(layers);
    return !seen.has(text) && seen.add(text);
  });
}
