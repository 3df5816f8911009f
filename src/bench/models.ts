/**
 * The networks of a contest, each in the forms that are compared: as float32, with 8-bit weights and activations, and with
 * hybrid filter banks. Without files of one's own they have drawn weights: time depends on shapes and on how many ternary
 * weights are zero (43 % of drawn ones; decomposed and trained factors have about as many), not on what was learnt.
 */

import { type SyntheticOptions, synthetic } from '../data/index.ts';
import { exportOnnx } from '../export/index.ts';
import { loadModel } from '../formats/index.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { writeModel } from '../onnx/index.ts';
import { inferShapes, normalizeNetwork } from '../passes/index.ts';
import { applyPlan, deploy, makePlan, toFrozen } from '../quantize/index.ts';
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

/** 8-bit export, its ranges from noise. */
async function exportInt8(graph: Graph, channels: 1 | 3, size: number): Promise<Uint8Array> {
  const noise: SyntheticOptions = { classes: 2, channels, height: size, width: size, train: 16, test: 2, seed: 0 };
  const normalisation = { mean: Array<number>(channels).fill(127.5), std: Array<number>(channels).fill(64) };
  const calibration = { split: synthetic(noise).train, normalisation, images: 16 };
  return writeModel(await exportOnnx(graph, { activations: 'int8', calibration }));
}

async function formsOf(name: string, baseline: Graph, hybrid: Graph, givenSize?: number): Promise<BenchTask> {
  const [, channels, height, width] = baseline.inputs[0]?.shape ?? [];
  const size = givenSize ?? height;
  if ((channels !== 1 && channels !== 3) || typeof size !== 'number' || (givenSize === undefined && height !== width)) {
    const found = `[${baseline.inputs[0]?.shape.join(', ')}]`;
    throw new TritbankError('E_MODEL', name, `expected an input [N, 1 or 3, size, size], found ${found}`);
  }
  const models = new Map<ModelForm, Uint8Array>([
    ['fp32', writeModel(baseline)],
    ['int8', await exportInt8(baseline, channels, size)],
    ['hybrid', await exportInt8(hybrid, channels, size)],
    ['hybrid-float', writeModel(await exportOnnx(hybrid))],
  ]);
  return { name, size, channels, models };
}

/** A network with drawn weights and 1000 classes; its hybrid form as in the paper, alpha 0.5 and r = 1.25 per filter. */
export async function drawTask(name: DrawnName): Promise<BenchTask> {
  const { model, width, size } = drawnNetworks[name];
  const drawn = buildNetwork(model, { width, inputSize: size, channels: 3, classes: 1000, firstStride: 2, seed: 1 });
  const plan = makePlan(drawn, { method: 'hybrid', alpha: 0.5, widthRatio: 1.25 });
  const hybrid = deploy(toFrozen(applyPlan(drawn, plan, 1), new Map()), new Map());
  return formsOf(name, normalizeNetwork(inferShapes(drawn)), hybrid, size);
}

/** A network of one's own: its file in full precision and that of its compressed form. */
export async function readTask(baseline: string, hybrid: string): Promise<BenchTask> {
  const name = baseline.replace(/^.*[\\/]/, '').replace(/\.onnx$/, '');
  return formsOf(name, normalizeNetwork(await loadModel(baseline)), await loadModel(hybrid));
}
