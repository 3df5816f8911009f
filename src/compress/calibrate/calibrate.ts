/**
 * Compression of a trained network from a few hundred unlabelled images, without training: layer after layer, in order,
 * each on the inputs that the layers compressed before it produce, and towards the outputs of the original network, so that
 * a layer makes up for the errors that it inherits.
 *
 * 1. Weights are refitted to the original outputs by ridge regression (`refit.ts`): full-precision filters get
 *    these, ternary ones are decomposed from them under the inputs' full covariance (`bank.ts`).
 *    Errors of filters count by what they do to the scores, where that is said.
 * 2. Each ternary filter gets a scale, each filter a bias, by least squares on the original outputs.
 * 3. Layers that stay as they are, depthwise ones included, are refitted likewise.
 *
 * Layer-wise reconstruction follows "Accelerating Very Deep Convolutional Networks" (Zhang et al., arXiv 1505.06798), where
 * the asymmetric form is from. Left out: grouped convolutions that are not depthwise, which keep their weights; the
 * non-linearity behind a layer.
 */

import type { Split } from '../../data/index.ts';
import { type Graph, TritbankError } from '../../ir/index.ts';
import { inferShapes } from '../../passes/index.ts';
import { normalizeNetwork } from '../../passes/normalize/normalize-network.ts';
import { checkPlan, findLayers, type Plan } from '../../quantize/index.ts';
import { requireCandidates } from '../candidates.ts';
import { largestMatrix, weightsOf } from '../statistics/inputs.ts';
import { buildCalibrated, buildTrainable, type TrainableNetwork } from './build.ts';
import { readChunks } from './images.ts';
import type { CalibratedLayer, CalibratedPlan, CalibrateOptions } from './records.ts';
import { Calibration } from './run.ts';

export type { TrainableNetwork } from './build.ts';
export type { CalibratedLayer, CalibrateOptions, CalibrateProgress, LayerErrors } from './records.ts';

export interface CalibratedNetwork {
  /** The inference graph, as `deploy` gives it. */
  readonly graph: Graph;
  /** The same network for `fineTune` to go on from. */
  readonly trainable: () => TrainableNetwork;
  /** In execution order; layers in front of the first compressed one are not changed and not listed. */
  readonly layers: readonly CalibratedLayer[];
  readonly images: number;
  readonly seconds: number;
}

/**
 * Compresses the banks of `plan` with images of `split` (their labels are not read); `graph` is not changed. Filters
 * change their order, full-precision ones come first. Depends on nothing but its arguments. Throws E_USAGE for a plan
 * or options that do not fit, E_MODEL for a model that is no network of one image input, has no such layers, or does
 * not tell its normalisation, E_DATA for images of another shape or fewer than two.
 *
 * @example
 * import { calibrate, loadModel, makePlan, normalizeNetwork, openDataFor, saveModel } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { dataset } = await openDataFor(graph, { data: 'images' });
 * const plan = makePlan(graph, { method: 'hybrid', alpha: 0.5 });
 * const { graph: compressed, layers } = await calibrate(graph, plan, dataset.train, { images: 16 });
 * for (const { name, errors } of layers) console.log(name, errors.final);
 * await saveModel(compressed, 'calibrated.onnx');
 */
export async function calibrate(
  graph: Graph,
  plan: Plan,
  split: Split,
  options: CalibrateOptions = {},
): Promise<CalibratedNetwork> {
  const network = normalizeNetwork(graph.clone());
  const planned = plannedOf(network, plan);
  checkOptions(options);
  checkSensitivity(network, options.sensitivity);
  const started = performance.now();
  const chunks = await readChunks(network, split, options);
  const run = new Calibration(fixBatch(network, chunks[0]!.dims[0]!), chunks, planned, options);
  await run.run();
  const result = buildCalibrated(withInput(run.compressed, network), run.banks, run.bits);
  const trainable = () => {
    const [before, after] = [run.original, run.compressed].map((one) => withInput(one, network));
    return buildTrainable(before!, after!, run.banks, run.bits);
  };
  const images = chunks.reduce((n, { dims }) => n + dims[0]!, 0);
  return { graph: result, trainable, layers: run.layers, images, seconds: (performance.now() - started) / 1000 };
}

function checkOptions({ images = 256, chunk = 16, damping = 0, rounds = 0 }: CalibrateOptions): void {
  const check = (good: boolean, where: string, expected: string, found: number) => {
    if (!good) throw new TritbankError('E_USAGE', where, `expected ${expected}, found ${found}`);
  };
  check(Number.isSafeInteger(images) && images >= 2, 'images', 'a whole number of at least 2', images);
  check(Number.isSafeInteger(chunk) && chunk >= 1, 'chunk', 'a whole number of at least 1', chunk);
  check(damping >= 0 && Number.isFinite(damping), 'damping', 'a number of 0 or more', damping);
  check(Number.isSafeInteger(rounds) && rounds >= 0, 'rounds', 'a whole number of 0 or more', rounds);
}

function checkSensitivity(graph: Graph, sensitivity: CalibrateOptions['sensitivity']): void {
  for (const { name, filters } of findLayers(graph)) {
    const values = sensitivity?.get(name);
    if (!values) continue;
    const isGood = values.length === filters && Array.from(values).every((s) => s >= 0 && Number.isFinite(s));
    if (isGood) continue;
    const message = `expected ${filters} finite numbers of 0 or more`;
    throw new TritbankError('E_USAGE', `sensitivity of layer '${name}'`, `${message}, found others`);
  }
}

/** The layers that change: banks, and those whose filters have bits of their own. */
function plannedOf(graph: Graph, plan: Plan): Map<string, CalibratedPlan> {
  const candidates = new Map(requireCandidates(graph).map((layer) => [layer.name, weightsOf(layer)]));
  checkPlan(plan, graph);
  const planned = Object.entries(plan.layers).filter(([, layer]) => layer.method !== 'fp' || layer.bits);
  if (planned.length === 0) {
    throw new TritbankError('E_USAGE', 'plan', 'expected at least one bank, or bits of filters, found none');
  }
  const layers = planned.map(([name, layer]): [string, CalibratedPlan] => {
    if (layer.method === 'twn') {
      throw new TritbankError('E_USAGE', `plan layers.${name}`, `expected a bank to calibrate, found ${layer.method}`);
    }
    const size = candidates.get(name);
    if (size !== undefined && size > largestMatrix) throw tooWide(name, size);
    if (size !== undefined) return [name, layer];
    const expected = `expected names of layers that can be compressed (${[...candidates.keys()].join(', ')})`;
    throw new TritbankError('E_USAGE', 'plan', `${expected}, found '${name}'`);
  });
  return new Map(layers);
}

function tooWide(name: string, size: number): TritbankError {
  const count = (n: number) => n.toLocaleString('en-US');
  const expected = `expected at most ${count(largestMatrix)} weights a filter to calibrate`;
  const found = `found ${count(size)}, whose covariance takes ${((8 * size * size) / 1e9).toFixed(1)} GB`;
  return new TritbankError('E_USAGE', `plan layers.${name}`, `${expected} (or fp), ${found}`);
}

/** A copy for batches of `rows` images. */
function fixBatch(graph: Graph, rows: number): Graph {
  const copy = graph.clone();
  const { dtype, shape } = copy.inputs[0]!.type!;
  copy.inputs[0]!.type = { dtype, shape: shape!.with(0, rows) };
  return inferShapes(copy);
}

/** A copy with the input's type from `like`. */
function withInput(graph: Graph, like: Graph): Graph {
  const copy = graph.clone();
  copy.inputs[0]!.type = like.inputs[0]!.type!;
  return inferShapes(copy);
}
