/** The second half of a compression: from the plan to the compressed network, trained, calibrated or as decomposed. */

import { imagesToMeasure } from '../classifier/index.ts';
import type { PlanFile } from '../cost/index.ts';
import type { Split } from '../data/index.ts';
import type { Graph } from '../ir/index.ts';
import { loadModel } from '../onnx/index.ts';
import { deploy, type Plan, toFrozen } from '../quantize/index.ts';
import { fineTune, type TrainProgress } from '../train/index.ts';
import { type BuiltBanks, buildBanks } from './build-banks.ts';
import { type CalibratedNetwork, calibrate } from './calibrate/calibrate.ts';
import type { CompressStage } from './compress-config.ts';
import type { ParallelOptions } from './decompose/parallel.ts';
import { divideImages, keepBetter } from './few-images.ts';
import { compressFiles, type Job, ranksOf, shareReporter, signalOf, threadsOf, trainingOf, warningsTo } from './job.ts';
import type { Statistics } from './make-plan.ts';
import { sensitivitiesOf } from './statistics/statistics.ts';

/** By the work that decompositions take, which is far from equal. */
function reportWork(job: Job): NonNullable<ParallelOptions['onProgress']> {
  const report = shareReporter(job, 'build');
  return (_done, _total, name, _found, share) => report(share, name);
}

async function build(job: Job, plan: PlanFile, statistics: Statistics): Promise<BuiltBanks> {
  const { seed, init } = job.config;
  return job.run.timed('build', () =>
    buildBanks(job.graph, plan, {
      seed,
      factors: init === 'draw' ? 'draw' : 'decompose',
      ...(statistics && { statistics: statistics.statistics }),
      ...threadsOf(job),
      ...signalOf(job),
      onProgress: reportWork(job),
    }),
  );
}

/** Progress of training as progress of the stage: images of all epochs, and a line for each epoch. */
function reportTraining({ options }: Job): (progress: TrainProgress) => void {
  return ({ kind, phase, epoch, epochs, done, total, loss, record }) => {
    if (kind !== 'images' && kind !== 'epoch-end') return;
    const whole = { done: (epoch - 1) * total + done, total: epochs * total };
    const detail = { epoch: `${epoch}/${epochs} ${phase}`, ...(loss !== undefined && { loss }) };
    const figures = record && `loss ${record.trainLoss.toFixed(3)}  top-1 ${(100 * record.top1).toFixed(2)} %`;
    const note = kind === 'epoch-end' && { note: `epoch ${epoch}/${epochs}  ${figures}` };
    options.onProgress?.({ stage: 'train', unit: 'images', ...whole, detail, ...note });
  };
}

async function train(job: Job, plan: PlanFile, built: Pick<BuiltBanks, 'network' | 'initial'>): Promise<Graph> {
  const { config, options, run } = job;
  const { data, dataDir, seed } = config;
  const training = {
    ...config.training,
    // what was fitted stays what it is
    ...(config.init === 'calibrate' && config.training.batchNorm === 'restore' && { batchNorm: 'insert' as const }),
    data: data!,
    seed,
    ...(dataDir !== undefined && { dataDir }),
    ...threadsOf(job),
  };
  const result = await job.run.timed('train', () =>
    fineTune({ plan, network: built.network, initial: built.initial }, training, {
      out: run.file(compressFiles.training),
      resume: true,
      ...signalOf(job),
      ...ranksOf(job),
      ...warningsTo(job),
      ...(options.command !== undefined && { command: options.command }),
      onProgress: reportTraining(job),
    }),
  );
  return loadModel(result.model);
}

interface HowCalibrated {
  readonly stage: Extract<CompressStage, 'calibrate' | 'control'>;
  /** Tell how much the errors of filters matter. */
  readonly statistics?: Statistics;
  /** Default: those of the run. */
  readonly images?: Split;
}

/** The network of a plan, calibrated on the images of the run. */
export const calibrated = async (job: Job, plan: Plan, how: HowCalibrated): Promise<Graph> =>
  (await calibrateOn(job, plan, how)).graph;

function calibrateOn(job: Job, plan: Plan, { stage, statistics, images }: HowCalibrated): Promise<CalibratedNetwork> {
  const { config, graph, data } = job;
  return job.run.timed(stage, async () => {
    const { dataset, normalisation } = data!;
    const split = images ?? imagesToMeasure(dataset, trainingOf(job));
    const report = shareReporter(job, stage);
    return calibrate(graph, plan, split, {
      images: Math.min(config.images, split.length),
      seed: config.seed,
      normalisation,
      ...(statistics && { sensitivity: sensitivitiesOf(statistics.statistics) }),
      ...threadsOf(job),
      ...signalOf(job),
      ...warningsTo(job),
      onProgress: ({ share, layer }) => report(share, layer),
    });
  });
}

/** Calibrated, then trained; calibrated only, where images that neither of them has seen say that it is better. */
async function trainCalibrated(job: Job, plan: PlanFile, statistics: Statistics): Promise<Graph> {
  const division = divideImages(job, job.data!.dataset);
  const start = await calibrateOn(job, plan, {
    stage: 'calibrate',
    statistics,
    ...(division && { images: division.kept }),
  });
  const trained = await train(job, plan, start.trainable());
  return division ? keepBetter(job, start.graph, trained, division.heldOut) : trained;
}

/** The compressed network as an inference graph. */
export async function rebuild(job: Job, plan: PlanFile, statistics: () => Promise<Statistics>): Promise<Graph> {
  const { method } = job.config;
  if (method === 'calibrate') return calibrated(job, plan, { stage: 'calibrate', statistics: await statistics() });
  if (job.config.init === 'calibrate') return trainCalibrated(job, plan, await statistics());
  const built = await build(job, plan, await statistics());
  if (method === 'train') return train(job, plan, built);
  return deploy(toFrozen(built.network, built.initial), new Map());
}
