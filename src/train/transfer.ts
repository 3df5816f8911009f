/**
 * Training that goes on from a given classifier, for other classes: a new head, trained alone at first while the body is
 * fixed, so that its random weights do no harm there; then all layers, the first ones in the smallest steps.
 * (Howard & Ruder, arXiv 1801.06146, section 3; Kumar et al., arXiv 2202.10054.)
 */

import { basename } from 'node:path';
import {
  adaptInput,
  changeInputSize,
  closeInputSize,
  featureMetadata,
  gentleCrops,
  normalisationMetadata,
  openImagesFor,
  requireLabels,
  setInputSize,
} from '../classifier/index.ts';
import { checkRunPlace } from '../files/index.ts';
import { loadModel } from '../formats/index.ts';
import { formatSize } from '../images/size.ts';
import type { Graph } from '../ir/index.ts';
import { fingerprint } from '../onnx/index.ts';
import { changeStrides, freeBatch, inferShapes, normalizeNetwork } from '../passes/index.ts';
import { applyPlan, makePlan } from '../quantize/index.ts';
import { type TrainConfig, transferDefaults } from './config.ts';
import { augmentation, engineOptions, type RunOptions } from './context.ts';
import { giveBatchNorms } from './give-batch-norms.ts';
import { pickTraining } from './pick-training.ts';
import type { RunResult } from './records.ts';
import { refuseTernary } from './refuse-ternary.ts';
import { replaceHead } from './replace-head.ts';
import { runPlace, withInputs } from './run-layout.ts';
import { withTeacher } from './teacher.ts';
import { type TrainTask, trainGraph } from './train-graph.ts';

/** Batches from which batch norms that were folded get their statistics. */
const calibrationBatches = 8;

/** A body that is never trained is rarely what was meant. */
function warnOfHead({ epochs, headEpochs = transferDefaults.headEpochs! }: TrainConfig, { warn }: RunOptions): void {
  if (headEpochs < epochs) return;
  warn?.(`${headEpochs} epochs of the head and ${epochs} in all: the body is never trained and stays as it is`);
}

/**
 * Makes the network take images of the size that is asked for, with other strides: these are told apart at the size that it
 * is made for, where no pool covers a whole map that it need not.
 */
function takeImages(graph: Graph, { inputSize, outputStride, unitStrides: names }: TrainConfig): void {
  const isStrided = outputStride !== undefined || names !== undefined;
  if (isStrided) {
    closeInputSize(graph, inputSize);
    changeStrides(graph, {
      ...(outputStride !== undefined && { outputStride }),
      ...(names && { names }),
    });
  }
  changeInputSize(graph, inputSize, isStrided);
}

/**
 * Trains the model in `config.from` for the classes of the data; leaves the files of `trainGraph` in `options.out`. Errors: those of
 * `trainNetwork`; E_MODEL for a model that is no classifier of images with one last layer, E_RESUME where it is another one.
 */
export async function transferNetwork(
  config: TrainConfig & { readonly from: string },
  given: RunOptions,
): Promise<RunResult> {
  warnOfHead(config, given);
  const options = withInputs({ ...given, inputs: [...(given.inputs ?? []), config.from] }, config);
  checkRunPlace(options.out, runPlace(options));
  const loaded = adaptInput(await loadModel(config.from), config, options.warn);
  refuseTernary(loaded);
  const graph = normalizeNetwork(loaded);
  freeBatch(graph);
  takeImages(graph, config);
  const opened = await openImagesFor(graph, config, options);
  requireLabels(opened.dataset);
  const dataset = gentleCrops(opened.dataset);
  const data = { ...opened, dataset, ...pickTraining(dataset, config, options) };
  setInputSize(graph, data.size);
  const start = fingerprint(graph);
  const head = replaceHead(graph, dataset.classes.length, config.seed);
  const base = inferShapes(graph);
  const plan = makePlan(base, { method: 'fp' });
  const { normalisation, size, train } = data;
  const quantized = await giveBatchNorms(applyPlan(base, plan, config.seed), base, train, {
    ...engineOptions(config),
    ...augmentation(config, dataset),
    batchNorm: config.batchNorm ?? transferDefaults.batchNorm!,
    batchSize: config.batchSize,
    count: calibrationBatches,
    seed: config.seed,
    normalisation,
    size,
  });
  const task: TrainTask = {
    base,
    quantized,
    plan,
    method: 'fp',
    architecture: `${basename(config.from)}, ${formatSize(size)}, ${dataset.classes.length} classes`,
    data,
    head,
    headEpochs: config.headEpochs ?? transferDefaults.headEpochs!,
    headRate: config.headRate ?? transferDefaults.headRate!,
    config: { ...config, start },
    metadata: {
      ...normalisationMetadata(normalisation),
      labels: JSON.stringify(dataset.classes),
      ...featureMetadata(dataset),
    },
  };
  return withTeacher(config, data, options, (distillation) =>
    trainGraph({ ...task, ...distillation }, config, options),
  );
}
