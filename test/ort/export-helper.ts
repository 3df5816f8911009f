/** What tests of the export share: networks as deployed, images, and what ONNX Runtime makes of a file. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { synthetic } from '../../src/data/synthetic.ts';
import type { Graph, Tensor } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { decode } from '../../src/onnx/decode.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { modelProto } from '../../src/onnx/schema.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { applyPlan, deploy, makePlan, type PlanOptions, toFrozen } from '../../src/quantize/index.ts';
import { randomState } from './random-state.ts';

export const images = synthetic({ train: 64, test: 64, height: 32, width: 32 });
export const normalisation = { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] };
export const calibration = { split: images.train, normalisation, images: 16, threads: 1 };

/** A network with drawn weights and batch norms in the form that training leaves. */
export function deployed(model: string, plan: PlanOptions, seed = 5): Graph {
  const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed } as const;
  const network = inferShapes(buildNetwork(model, options));
  const quantized = applyPlan(network, makePlan(network, plan), seed);
  const frozen = toFrozen(quantized, randomState(quantized.graph, quantized.fixed, seed));
  return deploy(frozen, randomState(frozen.graph, frozen.fixed, seed + 1));
}

/** Test images as a network's input. */
export function testImages(count: number): Tensor {
  const pixels = images.test.pixels!.subarray(0, count * 3 * 32 * 32);
  const data = Float32Array.from(pixels, (p) => (p - 127.5) / 127.5);
  return { dtype: 'float32', dims: [count, 3, 32, 32], data };
}

export interface Loaded {
  /** How many nodes of each operator are left when the runtime has optimized the file. */
  readonly ops: Readonly<Record<string, number>>;
  readonly scores: Float32Array;
}

/** Loads a graph's file in ONNX Runtime and runs it; scores are the first output. */
export async function load(graph: Graph, input: Tensor, level: 'all' | 'disabled' = 'all'): Promise<Loaded> {
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-export-'));
  try {
    const optimizedModelFilePath = join(directory, 'optimized.onnx');
    const session = await InferenceSession.create(writeModel(graph), {
      graphOptimizationLevel: level,
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
      optimizedModelFilePath,
    });
    const feeds = { [graph.inputs[0]!.name]: new OrtTensor('float32', input.data as Float32Array, input.dims) };
    const results = await session.run(feeds);
    await session.release();
    const { graph: optimized } = decode(modelProto, new Uint8Array(readFileSync(optimizedModelFilePath)), 'optimized');
    const ops: Record<string, number> = {};
    for (const { opType } of optimized!.node) ops[opType!] = (ops[opType!] ?? 0) + 1;
    return { ops, scores: results[graph.outputs[0]!.name]!.data as Float32Array };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Root mean square of the differences, relative to the deviation of the expected values. */
export function relativeNoise(found: Float32Array, expected: Float32Array): number {
  const mean = expected.reduce((sum, v) => sum + v, 0) / expected.length;
  const error = expected.reduce((sum, v, i) => sum + (v - found[i]!) ** 2, 0);
  return Math.sqrt(error / expected.reduce((sum, v) => sum + (v - mean) ** 2, 0));
}
