/**
 * The networks of a contest, each in the forms that are compared: as float32, with 8-bit activations and weights of 8 and of
 * 4 bits, and with hybrid filter banks, small ones and fast ones. Without files of one's own they have drawn weights: time depends on shapes and on how many ternary
 * weights are zero (43 % of drawn ones; decomposed and trained factors have about as many), not on what was learnt.
 */

import {
  adaptInput,
  chooseInputSize,
  type ImageForm,
  imageInputOf,
  type Normalisation,
  readNormalisation,
  setInputSize,
} from '../classifier/index.ts';
import { type SyntheticOptions, synthetic } from '../data/index.ts';
import { exportOnnx, type FilterForm } from '../export/index.ts';
import { loadModel } from '../formats/index.ts';
import { formatSize, type SizeOption, sizeOf } from '../images/size.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { readModel, writeModel } from '../onnx/index.ts';
import { freeBatch, inferShapes, normalizeNetwork } from '../passes/index.ts';
import { applyPlan, deploy, findLayers, makePlan, toFrozen } from '../quantize/index.ts';
import { wasmTarget } from '../targets/index.ts';
import type { BenchTask, ModelForm } from './records.ts';

interface DrawnNetwork {
  readonly model: string;
  readonly width: number;
  readonly size: number;
}

/** Networks by the names that `--networks` takes. */
export const drawnNetworks = {
  'v1-0.5-224': { model: 'mobilenet-v1', width: 0.5, size: 224 },
  'v1-0.5-160': { model: 'mobilenet-v1', width: 0.5, size: 160 },
  'v1-0.25-96': { model: 'mobilenet-v1', width: 0.25, size: 96 },
} as const satisfies Record<string, DrawnNetwork>;
export type DrawnName = keyof typeof drawnNetworks;

interface Images {
  readonly channels: 1 | 3;
  readonly size: SizeOption;
  /** Of noise, where nothing tells. */
  readonly normalisation?: Normalisation | undefined;
}

/** 8-bit export, its ranges from noise. */
async function exportInt8(
  graph: Graph,
  { channels, size, normalisation }: Images,
  filters: FilterForm = 'int8',
): Promise<Uint8Array> {
  const noise: SyntheticOptions = { classes: 2, channels, ...sizeOf(size), train: 16, test: 2, seed: 0 };
  const usual = { mean: Array<number>(channels).fill(127.5), std: Array<number>(channels).fill(64) };
  const calibration = { split: synthetic(noise).train, normalisation: normalisation ?? usual, images: 16 };
  return writeModel(await exportOnnx(graph, { activations: 'int8', filters, calibration }));
}

/** Makes the fast form from the control, whose times decide where banks are. */
type MakeFast = (control: Graph) => Graph;

async function formsOf(
  name: string,
  [baseline, hybrid]: readonly [Graph, Graph],
  images: Images,
  makeFast?: MakeFast,
): Promise<BenchTask> {
  const control = await exportInt8(baseline, images);
  const models = new Map<ModelForm, Uint8Array>([
    ['fp32', writeModel(baseline)],
    ['int8', control],
    ['int4', await exportInt8(baseline, images, 'int4')],
    ['hybrid', await exportInt8(hybrid, images)],
    ...(makeFast
      ? ([['hybrid-fast', await exportInt8(makeFast(inferShapes(readModel(control))), images)]] as const)
      : []),
    ['hybrid-float', writeModel(await exportOnnx(hybrid))],
  ]);
  return { name, size: images.size, channels: images.channels, models };
}

/** Hidden units a ternary filter in the fast form; fewer would not keep what a network has learnt. */
const fastRatio = 0.75;

/** Part of drawn ternary weights that is not zero. */
const drawnDensity = 0.57;

/** Layers of ternary filters only where that is predicted to be faster than 8 bits. */
function fasterLayers(drawn: Graph, control: Graph): string[] {
  const target = wasmTarget('wasm', control, false);
  return findLayers(drawn)
    .filter(({ kind }) => kind === 'pointwise')
    .filter(({ name, filters, inputs }) => {
      const hidden = Math.round(fastRatio * filters);
      const nonZero = drawnDensity * hidden * (inputs + filters);
      const [bank] = target.cost(name, { fullPrecision: 0, ternary: filters, hidden, nonZero });
      return bank! < target.cost(name)[0]!;
    })
    .map(({ name }) => name);
}

/**
 * A network with drawn weights and 1000 classes; its hybrid form as in the paper, alpha 0.5 and r = 1.25 per filter, and
 * one for speed.
 */
export async function drawTask(name: DrawnName): Promise<BenchTask> {
  const { model, width, size } = drawnNetworks[name];
  const drawn = buildNetwork(model, { width, inputSize: size, channels: 3, classes: 1000, firstStride: 2, seed: 1 });
  const banksOf = (choice: { readonly alpha: number; readonly widthRatio: number; readonly layers?: string[] }) => {
    const plan = makePlan(drawn, { method: 'hybrid', ...choice });
    return deploy(toFrozen(applyPlan(drawn, plan, 1), new Map()), new Map());
  };
  const networks = [normalizeNetwork(inferShapes(drawn)), banksOf({ alpha: 0.5, widthRatio: 1.25 })] as const;
  return formsOf(name, networks, { channels: 3, size }, (control) =>
    banksOf({ alpha: 0, widthRatio: fastRatio, layers: fasterLayers(drawn, control) }),
  );
}

/** A network as every command takes it, its batch free and its size fixed, and which that is. */
async function readNetwork(path: string, form: ImageForm, warn?: (line: string) => void) {
  const graph = adaptInput(await loadModel(path), form, warn);
  freeBatch(graph);
  const input = imageInputOf(graph);
  const { height, width } = chooseInputSize(input, form.inputSize);
  setInputSize(graph, { height, width });
  return { graph, channels: input.channels, size: height === width ? height : { height, width } };
}

/**
 * A network of one's own: its file in full precision and that of its compressed form, whatever images they take. E_MODEL
 * for files of different images.
 */
export async function readTask(
  baseline: string,
  hybrid: string,
  form: ImageForm = {},
  warn?: (line: string) => void,
): Promise<BenchTask> {
  const name = baseline.replace(/^.*[\\/]/, '').replace(/\.onnx$/, '');
  const before = await readNetwork(baseline, form, warn);
  const after = await readNetwork(hybrid, form, warn);
  const { channels, size } = before;
  if (channels !== after.channels || formatSize(sizeOf(size)) !== formatSize(sizeOf(after.size))) {
    const [expected, found] = [before, after].map((one) => `${one.channels} x ${formatSize(sizeOf(one.size))}`);
    throw new TritbankError('E_MODEL', hybrid, `expected images as the baseline's, ${expected}, found ${found}`);
  }
  const normalisation = readNormalisation(before.graph, channels);
  return formsOf(name, [normalizeNetwork(before.graph), after.graph], { channels, size, normalisation });
}
