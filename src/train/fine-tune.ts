/**
 * Fine-tuning of a given, pretrained network after a plan was applied to it: gives back batch norms that were folded,
 * then trains in the ternary and the frozen phase (the full-precision phase has been, that is what pretrained means),
 * learning from the outputs of the original network.
 */

import { labelByModel, missingNames, openDataFor, setInputSize } from '../classifier/index.ts';
import { checkRunPlace } from '../files/index.ts';
import { type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { fingerprint } from '../onnx/index.ts';
import { inferShapes } from '../passes/index.ts';
import { loadState, type Plan, type PlannedNetwork, type QuantizedNetwork } from '../quantize/index.ts';
import { augmentation, engineOptions, type RunData, type RunOptions } from './context.ts';
import type { FineTuneConfig } from './fine-tune-config.ts';
import { giveBatchNorms } from './give-batch-norms.ts';
import { checkFineTune } from './options.ts';
import { fixedConstants } from './parameters.ts';
import { pickTraining } from './pick-training.ts';
import type { Method, RunResult } from './records.ts';
import { runPlace, withInputs } from './run-layout.ts';
import { localBatch } from './spread.ts';
import { checkMirror, loadTeacher } from './teacher.ts';
import { type TrainTask, trainGraph } from './train-graph.ts';

export interface FineTuneTask {
  readonly plan: Plan;
  /**
   * The network of the plan: `applyPlan(pretrained, plan, seed, { factors: 'zero' })`. Sizes are compared with its `base`,
   * which is the teacher unless the configuration names others.
   */
  readonly network: PlannedNetwork;
  /** Values by initializer name that replace those of `network`, see `initialState`. */
  readonly initial?: ReadonlyMap<string, Tensor>;
  /** For people; default: the name of `base`. */
  readonly architecture?: string;
  /** Added to the exported model's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Fine-tunes a network and leaves the files of `trainGraph` in `options.out`; the graphs of the task are not changed.
 * The first step starts from the function that `network` with `initial` computes, with the mean and deviation that each
 * channel has in `base` where batch norms are there or `config.batchNorm` is `restore`.
 * Errors: E_USAGE for a bad configuration, E_DATA for data whose classes, size or channels are not those of the model,
 * E_MODEL for a model that is no classifier of images, does not tell its normalisation, or a teacher that does
 * not fit, and those of `trainGraph`; E_RESUME also where the task is another one.
 *
 * @example
 * import { buildBanks, defaultCompress, fineTune, loadModel, makePlan, normalizeNetwork } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const plan = makePlan(graph, { method: 'hybrid', alpha: 0.5, kinds: ['first'] });
 * const { network, initial } = await buildBanks(graph, plan, { seed: 1, threads: 1 });
 * const config = { ...defaultCompress.training, data: 'images', epochs: 1, seed: 1 };
 * const { top1, model } = await fineTune({ plan, network, initial }, config, { out: 'runs/fine-tuned' });
 */
export async function fineTune(task: FineTuneTask, config: FineTuneConfig, given: RunOptions): Promise<RunResult> {
  checkFineTune(config);
  const options = withInputs(given, config);
  checkRunPlace(options.out, runPlace(options));
  const base = inferShapes(task.network.base.clone());
  const found = await openDataFor(base, config, options);
  const opened = await labelByModel(base, found, { ...engineOptions(config), training: true });
  const choice = { ...config, isTaught: config.distillation !== undefined };
  const data: RunData = { ...opened, ...pickTraining(opened.dataset, choice, options) };
  setInputSize(base, data.size);
  const initial = start(task, data);
  const { distillation } = config;
  const [channels, classes] = [data.dataset.channels, data.dataset.classes.length];
  if (distillation) checkMirror(distillation, data.dataset);
  const teacher =
    distillation &&
    (await loadTeacher(config.teachers ?? [task.network.base], {
      ...engineOptions(config),
      mirror: distillation.mirror === true,
      batchSize: localBatch(config, options.ranks),
      channels,
      size: data.size,
      classes,
      normalisation: data.normalisation,
    }));
  try {
    const { train, normalisation, size } = data;
    const quantized = await giveBatchNorms(initial, base, train, {
      ...engineOptions(config),
      ...augmentation(config, data.dataset),
      batchNorm: config.batchNorm,
      batchSize: config.batchSize,
      count: config.calibrationBatches,
      seed: config.seed,
      normalisation,
      size,
    });
    const prepared: TrainTask = {
      base,
      quantized,
      plan: task.plan,
      method: methodOf(task.plan),
      architecture: task.architecture ?? `${base.name}, ${data.size.height}x${data.size.width}`,
      data,
      ...(teacher && distillation && { distillation: { teacher, loss: distillation } }),
      // What else the run depends on, so that it is not resumed with another network.
      config: {
        ...config,
        start: fingerprint(initial.graph),
        ...(teacher && !config.teachers && { teacher: fingerprint(task.network.base) }),
      },
      metadata: { ...labelsOf(base, data), ...task.metadata },
    };
    return await trainGraph(prepared, config, options);
  } finally {
    await teacher?.release();
  }
}

/** The quantized network with its initial values, nothing added; constants in front of the first layer stay fixed. */
function start({ network, initial }: FineTuneTask, data: RunData): QuantizedNetwork {
  const graph = network.graph.clone();
  for (const name of initial?.keys() ?? []) {
    if (graph.find(name)?.constant) continue;
    throw new TritbankError('E_USAGE', `initial '${name}'`, 'expected the name of an initializer, found another');
  }
  loadState(graph, initial ?? new Map());
  setInputSize(graph, data.size);
  const { ternary, rounded } = network;
  return { graph, ternary, rounded, fixed: new Set([...network.fixed, ...fixedConstants(graph)]) };
}

/** The one method of the plan's layers, `hybrid` where they have several, `fp` where it compresses none. */
function methodOf({ layers }: Plan): Method {
  const methods = new Set(Object.values(layers).map((l) => l.method));
  if (methods.size > 1) return 'hybrid';
  return [...methods][0] ?? 'fp';
}

/** Names of the classes, unless the model has them or the data know some only. */
function labelsOf(base: Graph, { dataset }: RunData): Record<string, string> {
  const names = missingNames(base, dataset);
  return names ? { labels: JSON.stringify(names) } : {};
}
