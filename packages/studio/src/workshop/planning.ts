/** Plans of the network on the bench, their costs and predicted losses, and what they are compared with. */

import type { Budget } from '#toolkit/compress/planning/budget.ts';
import { describePlan } from '#toolkit/compress/planning/describe-plan.ts';
import { costCandidates, type NetworkCosts } from '#toolkit/compress/planning/layer-costs.ts';
import { filterSensitivity, makeCandidates, predictLoss } from '#toolkit/compress/planning/make-candidates.ts';
import { optimizePlan } from '#toolkit/compress/planning/optimize.ts';
import type { PlanSolver } from '#toolkit/compress/planning/solver-here.ts';
import { costOnTarget } from '#toolkit/compress/planning/target.ts';
import {
  addArithmetic,
  chooseSetting,
  compare,
  countKnown,
  estimate,
  formatPlan,
  measureLayer,
  otherWork,
  type PlanFile,
  predictLayers,
  type Relative,
  type StorageScheme,
  storageSchemes,
  uncompressedReference,
  workOf,
} from '#toolkit/cost/index.ts';
import { TritbankError } from '#toolkit/ir/index.ts';
import { inBits, isBank, type LayerPlan, makePlan, type Plan, type PlanOptions } from '#toolkit/quantize/index.ts';
import type { Totals } from '#toolkit/targets/index.ts';
import type { Bench } from './bench.ts';
import { machineOf } from './machine.ts';
import { nearly } from './solvers.ts';
import { twnLoss } from './twn-loss.ts';

/** How filters in full precision are stored. */
export type Bits = 'fp16' | 'int8';

export interface PlanRequest {
  readonly budget: Budget;
  readonly bits: Bits;
  /** Layers that a person decided on: as a share of full-precision filters and a width ratio; `null` for full precision. */
  readonly edits: Readonly<Record<string, { readonly alpha: number; readonly ratio: number } | null>>;
  /** A machine by its name, and the share of the uncompressed int8 network's time there that the plan may take. */
  readonly target: string | null;
  readonly time: number | null;
}

export interface PlannedLayer {
  readonly name: string;
  readonly filters: number;
  readonly plan: LayerPlan;
  readonly loss: number;
  /** Bytes as planned, and in 16 bits. */
  readonly bytes: number;
  readonly isEdited: boolean;
}

export interface PlanView {
  readonly plan: PlanFile;
  /** As `tritbank compress --plan` reads it. */
  readonly text: string;
  readonly relative: Relative;
  readonly loss: number;
  readonly layers: readonly PlannedLayer[];
  readonly bytes: number;
  readonly referenceBytes: number;
  /** How far the loss is from the least possible one at most, relative to it. */
  readonly gap: number;
  readonly milliseconds: number;
  /** On the machine: figures of the plan and of the uncompressed network in 8 bits. */
  readonly machine: { readonly name: string; readonly totals: Totals; readonly control: Totals } | null;
}

const schemes: { readonly [B in Bits]: StorageScheme } = {
  fp16: storageSchemes['hybrid-fp16'],
  int8: storageSchemes['hybrid-int8'],
};

/** Numbers of the arithmetic, on the accelerator model of the paper. */
const formats: { readonly [B in Bits]: string } = { fp16: 'fp16', int8: 'int8' };

/** What everything is relative to: the network with 16-bit weights and arithmetic. */
const referenceOf = ({ network }: Bench) =>
  uncompressedReference(countKnown(network, 'comparison'), chooseSetting({ accelerator: 'paper', format: 'fp16' }));

function analysisOf({ analysis }: Bench) {
  if (!analysis) throw new TritbankError('E_USAGE', 'plan', 'expected an analysis of the network, found none yet');
  return analysis;
}

/** What every candidate costs; kept for the next move of a slider. */
function costsOf(bench: Bench, bits: Bits): NetworkCosts {
  const known = bench.costs.get(bits);
  if (known) return known;
  const candidates = makeCandidates(bench.network, analysisOf(bench), { roundsUnits: bits === 'int8' });
  const counting = { scheme: schemes[bits], accelerator: 'paper', format: formats[bits] };
  const costs = { ...costCandidates(bench.network, candidates, counting), reference: referenceOf(bench) };
  bench.costs.set(bits, costs);
  return costs;
}

/** Layers with an edit have one candidate, the one that is nearest to it. */
function withEdits(costs: NetworkCosts, edits: PlanRequest['edits']): NetworkCosts {
  const layers = costs.layers.map((layer) => {
    const edit = edits[layer.name];
    if (edit === undefined) return layer;
    const wanted = (plan: LayerPlan) => {
      if (edit === null) return isBank(plan) ? Infinity : 0;
      if (!isBank(plan)) return edit.alpha >= 1 ? 0 : Infinity;
      const ternary = layer.filters - plan.fullPrecision.length;
      return (
        Math.abs(plan.fullPrecision.length / layer.filters - edit.alpha) + Math.abs(plan.hidden / ternary - edit.ratio)
      );
    };
    const distances = layer.candidates.map(({ plan }) => wanted(plan));
    const at = distances.indexOf(Math.min(...distances));
    return {
      ...layer,
      candidates: [layer.candidates[at]!],
      costs: [layer.costs[at]!],
      works: [layer.works[at]!],
    };
  });
  return { ...costs, layers };
}

export async function plan(
  bench: Bench,
  { budget, bits, edits, target, time }: PlanRequest,
  solver: PlanSolver,
): Promise<PlanView> {
  const machine = target === null ? undefined : await machineOf(bench, target);
  const started = performance.now();
  const limits = machine && time !== null ? { [machine.time]: time } : {};
  const isFree = Object.keys(budget).length === 0 && Object.keys(limits).length === 0;
  // a plan without any limit is the network as it is
  const given = isFree ? { size: 1.5 } : budget;
  const costs = withEdits(costsOf(bench, bits), edits);
  const onTarget = machine && costOnTarget(machine.target, limits, costs.layers);
  const { choice, loss, lowerBound, relative, totals } = await optimizePlan(costs, given, solver, onTarget);
  const file = describePlan(bench.network.name, given, costs, choice, onTarget);
  const layers = costs.layers.map(({ name, filters, candidates, costs: vectors }, i): PlannedLayer => {
    const { plan: planned, loss: own } = candidates[choice[i]!]!;
    return { name, filters, plan: planned, loss: own, bytes: vectors[choice[i]!]!.bytes, isEdited: name in edits };
  });
  return {
    ...{ plan: file, text: formatPlan(file), relative, loss, layers },
    bytes: relative.size * costs.reference.bytes,
    referenceBytes: costs.reference.bytes,
    gap: loss > 0 ? (loss - lowerBound) / loss : 0,
    milliseconds: performance.now() - started,
    machine: machine && totals ? { name: target!, totals, control: machine.target.totals(new Map()) } : null,
  };
}

export interface FrontPoint {
  readonly size: number;
  readonly energy: number;
  readonly throughput: number;
  readonly loss: number;
}

export interface FrontRequest {
  readonly bits: Bits;
  readonly size: number;
  /** What has to be kept besides. */
  readonly limits: Pick<Budget, 'energy' | 'throughput'>;
}

/** A plan of a size near the best one; null where that is out of reach. */
export async function frontPoint(bench: Bench, { bits, size, limits }: FrontRequest): Promise<FrontPoint | null> {
  try {
    const { relative, loss } = await optimizePlan(costsOf(bench, bits), { ...limits, size }, nearly);
    return { size: relative.size, energy: relative.energy, throughput: relative.throughput, loss };
  } catch (error) {
    if (error instanceof TritbankError && error.code === 'E_USAGE') return null;
    throw error;
  }
}

export interface Rival {
  readonly name: string;
  readonly note: string;
  readonly relative: Relative;
  /** Null where the analysis cannot tell. */
  readonly loss: number | null;
}

/** What a whole plan takes, counted without choosing anything. */
function measure(bench: Bench, whole: Plan, scheme: StorageScheme, bits: Bits): Relative {
  const counted = countKnown(bench.network, 'comparison');
  const setting = chooseSetting({ accelerator: 'paper', format: formats[bits] });
  const layers = predictLayers(counted.layers, whole);
  const stored = layers.map((layer) => measureLayer(layer.group, scheme).bytes);
  const works = [...layers.map((layer, i) => workOf(layer, stored[i]!, setting)), otherWork(counted.nodes, setting)];
  const total = estimate(works, setting.accelerator, { format: setting.format });
  const bytes = stored.reduce((sum, one) => sum + one, 0) + Math.ceil((counted.rest * scheme.otherBits) / 8);
  const { multiplications } = addArithmetic(works);
  return compare({ bytes, multiplications }, total, referenceOf(bench));
}

/** The methods that a hybrid is compared with, each as its own paper has it. */
export function rivals(bench: Bench, bits: Bits): Rival[] {
  const { network } = bench;
  const analysis = analysisOf(bench);
  const named = new Set(analysis.layers.map(({ name }) => name));
  const whole = { layers: {} };
  const four = { layers: Object.fromEntries(analysis.layers.map((one) => [one.name, inBits(one.filters, 4)])) };
  const twn = makePlan(network, { method: 'twn', granularity: 'filter' });
  // banks that a network has already stay as they are
  const planOf = (options: PlanOptions): Plan => {
    const layers = Object.keys(makePlan(network, { method: options.method }).layers).filter((name) => named.has(name));
    return layers.length > 0 ? makePlan(network, { ...options, layers }) : whole;
  };
  const strassen = planOf({ method: 'strassen' });
  const losses = { roundsUnits: bits === 'int8' };
  const sensitivity = filterSensitivity(analysis, 1.25, losses);
  const uniform = planOf({ method: 'hybrid', sensitivity });
  const scheme = schemes[bits];
  return [
    {
      name: 'int8',
      note: 'every value in 8 bits',
      relative: measure(bench, whole, storageSchemes.int8, 'int8'),
      loss: null,
    },
    {
      name: 'int4',
      note: 'filters in 4 bits, one scale each',
      relative: measure(bench, four, storageSchemes['hybrid-int8'], 'int8'),
      loss: predictLoss(analysis, four),
    },
    {
      name: 'TWN',
      note: 'every layer ternary, one scale a filter',
      relative: measure(bench, twn, storageSchemes.twn, bits),
      loss: twnLoss(network, analysis),
    },
    {
      name: 'StrassenNets',
      note: 'every filter strassenified, r = 2 a filter',
      relative: measure(bench, strassen, scheme, bits),
      loss: predictLoss(analysis, strassen, losses),
    },
    {
      name: 'uniform',
      note: "the paper's: half of each bank ternary, r = 1.25",
      relative: measure(bench, uniform, scheme, bits),
      loss: predictLoss(analysis, uniform, losses),
    },
  ];
}
