/** The task as this project runs it: network, training graph, session, feeds. */

import { type CompileOptions, compileProgram, type Feeds, type Program } from '../../src/engine/index.ts';
import { elementCount, Random, scalar } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { buildStep } from '../../src/train/step.ts';
import type { Task } from './task.ts';

export interface Prepared {
  readonly program: Program;
  readonly feeds: Feeds;
  readonly parameters: number;
  readonly nodes: number;
  readonly buildSeconds: number;
  readonly sessionSeconds: number;
}

function makeFeeds({ batch, inputSize, classes, learningRate }: Task): Feeds {
  const random = new Random(1, 'train-step');
  const dims = [batch, 3, inputSize, inputSize];
  const targets = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) targets[i * classes + (i % classes)] = 1;
  return {
    images: { dtype: 'uint8', dims, data: Uint8Array.from({ length: elementCount(dims) }, () => random.next() & 255) },
    targets: { dtype: 'float32', dims: [batch, classes], data: targets },
    learning_rate: scalar(learningRate),
    step: scalar(1),
  };
}

/** Builds and compiles the step. `options` beyond the threads, f. ex. a profile. */
export async function prepare(task: Task, options: CompileOptions = {}): Promise<Prepared> {
  const { width, batch, threads, inputSize, classes, momentum, weightDecay } = task;
  const start = performance.now();
  const network = buildNetwork('mobilenet-v1', { width, inputSize, channels: 3, classes, firstStride: 1, seed: 1 });
  const step = buildStep(network, {
    batchSize: batch,
    optimizer: { name: 'sgd', momentum, nesterov: true, weightDecay },
    normalisation: { mean: [120, 120, 120], std: [60, 60, 60] },
  });
  const built = performance.now();
  const program = await compileProgram(step.graph, step.slots, { threads, ...options });
  const compiled = performance.now();
  const state = await program.state();
  const wanted = new Set(step.graph.inputs.map((input) => input.name));
  return {
    program,
    feeds: Object.fromEntries(Object.entries(makeFeeds(task)).filter(([name]) => wanted.has(name))),
    parameters: step.learned.reduce((sum, name) => sum + elementCount(state.get(name)!.dims), 0),
    nodes: step.graph.nodes.length,
    buildSeconds: (built - start) / 1000,
    sessionSeconds: (compiled - built) / 1000,
  };
}
