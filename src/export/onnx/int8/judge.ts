/**
 * Whether 8-bit activations cost more than they should, on the images that they were calibrated with, and which layers are
 * at fault: each tensor by itself is rounded in the float network, and what that does to the scores is measured.
 */

import type { Graph } from '../../../ir/index.ts';
import { Builder } from '../../../ops/index.ts';
import { inferShapes, Linear } from '../../../passes/index.ts';
import type { Calibration } from '../options.ts';
import type { Levels } from './ranges.ts';
import { runImages } from './run-images.ts';

/** A share of equal predictions below this deserves a warning. */
export const leastAgreement = 0.85;

/** Images whose predictions are compared, and images that each tensor is judged on. */
const compared = 64;
const judged = 16;
const batchSize = 16;
/** Layers that are named. */
const named = 3;

/** The float network as it is rounded, and the levels of its tensors by name. */
export interface Rounding {
  readonly graph: Graph;
  readonly levels: ReadonlyMap<string, Levels>;
}

export interface LayerError {
  /** The layer that computes the tensor, or the input of the network. */
  readonly layer: string;
  /** Mean square of what rounding this tensor alone changes in the scores, relative to their variance. */
  readonly error: number;
}

/** Scores of `images` images, one row each. */
async function scoresOf(graph: Graph, calibration: Calibration, images: number): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  await runImages(graph, calibration, {
    images,
    batchSize,
    onBatch: (results, outputs) => {
      const scores = results[outputs[0]!.name]!;
      const data = Float32Array.from(scores.data as ArrayLike<number>);
      const count = scores.dims[0]!;
      for (let i = 0; i < count; i++) rows.push(data.slice((i * data.length) / count, ((i + 1) * data.length) / count));
    },
  });
  return rows;
}

const largest = (row: Float32Array) => row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);

/** Share of images with the same prediction. */
export async function measureAgreement(float: Graph, int8: Graph, calibration: Calibration): Promise<number> {
  const [before, after] = [await scoresOf(float, calibration, compared), await scoresOf(int8, calibration, compared)];
  const equal = before.filter((row, i) => largest(row) === largest(after[i]!)).length;
  return before.length > 0 ? equal / before.length : 1;
}

/** The layer behind a tensor: activations and the like in between are passed over. */
function layerOf(graph: Graph, name: string): string {
  let value = graph.value(name);
  for (;;) {
    const { producer } = value;
    if (!producer) return 'the input';
    const next = producer.inputs.find((input) => input && !input.constant);
    if (Linear.of(producer) || !next || producer.inputs.filter((input) => input && !input.constant).length > 1) {
      return producer.name;
    }
    value = next;
  }
}

/** The network with one tensor rounded to its levels. */
function roundOne(graph: Graph, name: string, { scale, zero }: Levels): Graph {
  const rounded = graph.clone();
  const value = rounded.value(name);
  const readers = [...value.uses];
  const next = value.producer ? rounded.nodes.indexOf(value.producer) + 1 : 0;
  const b = new Builder(rounded, 'rounded/', rounded.nodes[next]);
  const [s, z] = [
    b.constant('scale', { dtype: 'float32', dims: [], data: Float32Array.of(scale) }),
    b.constant('zero', { dtype: 'uint8', dims: [], data: Uint8Array.of(zero) }),
  ];
  const y = b.op('DequantizeLinear', [b.op('QuantizeLinear', [value, s, z]), s, z]);
  for (const reader of readers) {
    for (const [i, input] of reader.inputs.entries()) if (input === value) reader.setInput(i, y);
  }
  rounded.outputs = rounded.outputs.map((output) => (output === value ? y : output));
  return inferShapes(rounded);
}

/** The layers whose rounding changes the scores most, the worst first. */
export async function findFaults({ graph, levels }: Rounding, calibration: Calibration): Promise<LayerError[]> {
  const base = await scoresOf(graph, calibration, judged);
  const all = base.flatMap((row) => [...row]);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length || 1;
  const errors: LayerError[] = [];
  for (const [name, one] of levels) {
    const rows = await scoresOf(roundOne(graph, name, one), calibration, judged);
    const squares = rows.flatMap((row, i) => [...row].map((value, k) => (value - base[i]![k]!) ** 2));
    const error = squares.reduce((sum, square) => sum + square, 0) / squares.length / variance;
    errors.push({ layer: layerOf(graph, name), error });
  }
  return errors.sort((a, b) => b.error - a.error);
}

/** Warns where predictions change too often, with the layers that do it. */
export async function judgeInt8(
  float: Graph,
  int8: Graph,
  rounding: Rounding,
  calibration: Calibration,
): Promise<void> {
  const { warn } = calibration;
  if (!warn) return;
  const agreement = await measureAgreement(float, int8, calibration);
  if (agreement >= leastAgreement) return;
  const faults = (await findFaults(rounding, calibration)).slice(0, named);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const amount = (value: number) => (value < 10 ? value.toPrecision(2) : value.toFixed(0));
  const words = faults.map(({ layer, error }) => `${layer} (${amount(100 * error)} % of the scores' variance)`);
  warn(
    `8-bit activations change the prediction of ${percent(1 - agreement)} of the calibration images (more than ` +
      `${percent(1 - leastAgreement)} is much); most of it by rounding what these compute: ${words.join(', ')}. More ` +
      'images for calibration may help; float activations (--activations float --filters int8) keep the predictions',
  );
}
