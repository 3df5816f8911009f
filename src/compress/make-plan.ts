/** The first half of a compression: how sensitive each filter is, and the plan that follows from it. */

import { rmSync } from 'node:fs';
import { formatPlan, type PlanFile, readPlan } from '../cost/index.ts';
import { type Codec, writeFileAtomic } from '../files/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { type FilterBits, inBits, isBank, makePlan, otherFilters } from '../quantize/index.ts';
import type { Limits, PlanningTarget } from '../targets/index.ts';
import { openCache } from './analysis-cache.ts';
import { formatAnalysis, readAnalysis } from './analysis-file.ts';
import { keepAnalyzed } from './analysis-progress.ts';
import { filterBitsOf } from './compress-config.ts';
import { packControl } from './deployment.ts';
import {
  compressFiles,
  countingOf,
  type Job,
  ranksOf,
  reporter,
  shareReporter,
  signalOf,
  threadsOf,
  trainingOf,
  warningsTo,
} from './job.ts';
import { type Measured, type MeasureOptions, measureLayers } from './measure-layers.ts';
import { type LayerCandidates, untouched } from './planning/candidate.ts';
import { describePlan } from './planning/describe-plan.ts';
import { costCandidates, type PlannerOptions } from './planning/layer-costs.ts';
import {
  filterSensitivity,
  knowsRounding,
  type LossOptions,
  makeCandidates,
  predictBankLoss,
  predictNonZero,
  predictRoundingLoss,
} from './planning/make-candidates.ts';
import { optimizePlan } from './planning/optimize.ts';
import { solverAside } from './planning/solver-aside.ts';
import { costOnTarget } from './planning/target.ts';
import { type Analysis, analyzeNetwork, defaultSparsities } from './sensitivity.ts';
import { largestMatrix } from './statistics/inputs.ts';

export const analysisCodec: Codec<Analysis> = {
  read: readAnalysis,
  write: (analysis, path) => writeFileAtomic(path, formatAnalysis(analysis)),
};

export const planCodec: Codec<PlanFile> = {
  read: readPlan,
  write: (plan, path) => writeFileAtomic(path, formatPlan(plan)),
};

/** What images say of the layers; undefined without data. */
export type Statistics = Measured | undefined;

/** Both passes look at the same images. */
function reportPasses(job: Job): NonNullable<MeasureOptions['onProgress']> {
  const report = reporter(job, 'statistics', 'images');
  return (done, total, { pass, passes }) =>
    report(done, total, passes > 1 ? { pass: `${pass} of ${passes}` } : undefined);
}

/** Measured again by a run that goes on, since statistics are large and soon made. */
export async function gatherStatistics(job: Job): Promise<Statistics> {
  const { config, graph, data, run } = job;
  if (!data) return undefined;
  return run.timed('statistics', () =>
    measureLayers(graph, data, {
      images: config.images,
      ...trainingOf(job),
      ...threadsOf(job),
      ...signalOf(job),
      ...warningsTo(job),
      onProgress: reportPasses(job),
    }),
  );
}

/** What a plan is chosen from; a uniform choice is of one ratio. */
function analyzedFits({ config, machine }: Job) {
  const { uniform, ratios, sparsities, conventions } = config;
  if (uniform && 'alpha' in uniform) return { ratios: [uniform.widthRatio] };
  // no bank is made: the quickest decomposition
  if (uniform) return { ratios: [0.125] };
  const skipsZeros = conventions.ternary === 'zero-skipping' || machine?.skipsZeros === true;
  const skipping = skipsZeros ? defaultSparsities : [];
  return { sparsities: sparsities ?? skipping, ...(ratios && { ratios }) };
}

/** The analysis of the run; layers that an earlier command finished are not analysed again. */
export async function analyze(job: Job, gather: () => Promise<Statistics>): Promise<Analysis> {
  const { config, graph, run, options } = job;
  const { cache } = options;
  const analyzed = run.file(compressFiles.analyzed);
  const analyzing = async () => {
    const statistics = await gather();
    return analyzeNetwork(graph, {
      seed: config.seed,
      ...analyzedFits(job),
      ...statistics,
      ...threadsOf(job),
      ...signalOf(job),
      ...ranksOf(job),
      // the run directory is that of one configuration and one network
      ...keepAnalyzed(analyzed, {}),
      ...(cache !== undefined && { cache: openCache(cache) }),
      onProgress: shareReporter(job, 'analysis'),
    });
  };
  const analysis = await run.stage('analysis', compressFiles.analysis, analysisCodec, analyzing, { together: true });
  rmSync(analyzed, { force: true });
  return analysis;
}

/** One candidate per layer: the bank of the uniform choice, with its predicted loss. */
function uniformCandidates(
  graph: Graph,
  analysis: Analysis,
  choice: { alpha: number; widthRatio: number },
  losses: LossOptions,
): LayerCandidates[] {
  const layers = analysis.layers.map((layer) => layer.name);
  const sensitivity = filterSensitivity(analysis, choice.widthRatio, losses);
  const plan = makePlan(graph, { method: 'hybrid', ...choice, layers, sensitivity });
  const known = new Map(analysis.layers.map((layer) => [layer.name, layer]));
  return Object.entries(plan.layers).flatMap(([name, planned]): LayerCandidates[] => {
    const layer = known.get(name)!;
    if (!isBank(planned)) return [{ name, candidates: [untouched] }];
    const loss = predictBankLoss(layer, planned, losses);
    const nonZero = predictNonZero(layer, otherFilters(layer.filters, planned.fullPrecision).length, planned.hidden);
    return [{ name, candidates: [{ plan: planned, loss, nonZero }] }];
  });
}

/** One candidate per layer: all of its filters in so many bits. */
const roundedCandidates = ({ layers }: Analysis, bits: FilterBits): LayerCandidates[] =>
  layers.map((layer) => {
    const plan = inBits(layer.filters, bits);
    return { name: layer.name, candidates: [{ plan, loss: predictRoundingLoss(layer, plan) }] };
  });

/** Without layers whose calibration would need matrices of gigabytes: they stay in full precision. */
function keepNarrow({ config, options }: Job, analysis: Analysis): Analysis {
  if (config.method !== 'calibrate' && config.init !== 'calibrate') return analysis;
  const wide = analysis.layers.filter(({ inputs }) => inputs > largestMatrix);
  for (const { name, inputs } of wide) {
    const size = `${((8 * inputs * inputs) / 1e9).toFixed(1)} GB`;
    options.warn?.(
      `${name} stays in full precision: a matrix of its ${inputs} inputs takes ${size}; training does without`,
    );
  }
  return { ...analysis, layers: analysis.layers.filter((layer) => !wide.includes(layer)) };
}

/** The target of the run for its network, whose form in 8 bits is the control. */
async function openTarget(job: Job): Promise<PlanningTarget | undefined> {
  const { machine } = job;
  return machine?.open(await packControl(job));
}

/**
 * A plan that is no slower on the target than the uncompressed network in 8 bits, where nothing was said of time and the
 * budget allows it; else one within the limits.
 */
async function planNoSlower(
  { machine, config: { limits = {} }, options }: Job,
  optimise: (limits: Limits) => Promise<PlanFile>,
): Promise<PlanFile> {
  if (!machine || limits[machine.time] !== undefined) return optimise(limits);
  try {
    return await optimise({ ...limits, [machine.time]: 1 });
  } catch (error) {
    if (!(error instanceof TritbankError) || error.code !== 'E_USAGE') throw error;
    const slower = await optimise(limits);
    options.warn?.(`within the budget the network is slower on ${machine.name} than the uncompressed one in int8`);
    return slower;
  }
}

/** The plan of the run: optimised under the budget, or the uniform choice. */
export async function plan(job: Job, analysis: () => Promise<Analysis>): Promise<PlanFile> {
  const { config, graph, run, options } = job;
  const target = await openTarget(job);
  const work = async () => {
    const found = keepNarrow(job, await analysis());
    const { alphas, ratios, sparsities, uniform, budget } = config;
    const roundsUnits = config.activations === 'int8';
    const hasBanks = !(uniform && 'bits' in uniform);
    if (roundsUnits && hasBanks && !found.layers.every(knowsRounding)) {
      options.warn?.(
        'the analysis does not tell what rounding hidden units to 8 bits costs, which the plan leaves out: it is of an ' +
          'earlier release, or of the weights alone; `tritbank analyze` with images makes one that does',
      );
    }
    const bits = filterBitsOf(config);
    const counting: PlannerOptions = countingOf(config);
    const grid = {
      ...(alphas && { alphas }),
      ...(ratios && { ratios }),
      ...(sparsities && { sparsities: [0, ...sparsities] }),
      bits,
      roundsUnits,
    };
    const candidates =
      uniform && 'alpha' in uniform
        ? uniformCandidates(graph, found, uniform, { roundsUnits })
        : uniform
          ? roundedCandidates(found, uniform.bits)
          : makeCandidates(graph, found, grid);
    const costs = costCandidates(graph, candidates, counting);
    if (uniform) {
      const onTarget = target && costOnTarget(target, config.limits ?? {}, costs.layers);
      return describePlan(
        config.model,
        budget,
        costs,
        candidates.map(() => 0),
        onTarget,
      );
    }
    return planNoSlower(job, async (within) => {
      const machine = target && costOnTarget(target, within, costs.layers);
      const { choice } = await optimizePlan(costs, budget, solverAside(options.signal), machine);
      return describePlan(config.model, budget, costs, choice, machine);
    });
  };
  // the analysis within is done by all ranks
  return run.stage('plan', compressFiles.plan, planCodec, work, { together: true });
}
