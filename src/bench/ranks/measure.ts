/** Measures sums over ranks, and a training step with and without them, in turns. All ranks call these together. */

import type { Communicator } from '../../cluster/index.ts';
import { compileProgram, type Program } from '../../engine/index.ts';
import { describeMachine } from '../../files/index.ts';
import { elementCount, f32, Random, scalar, type Tensor } from '../../ir/index.ts';
import { buildNetwork } from '../../models/index.ts';
import { cutStages, inferShapes } from '../../passes/index.ts';
import { buildStep, defaultConfig, type StepOptions } from '../../train/index.ts';
import type { Link, RanksResult, SumTime } from './records.ts';
import { fitLink, hostsForHalf, scale } from './simulate.ts';

export interface RanksOptions {
  readonly model: string;
  readonly width: number;
  /** Height and width. */
  readonly inputSize: number;
  readonly classes: number;
  /** Images of a rank in a step. */
  readonly images: number;
  readonly threads: number;
  /** How gradients travel; default `float32`. */
  readonly bucketType?: 'float32' | 'float16';
  /** Most bytes of a bucket; default 4 MiB. One bucket for all gradients is reduced after the backward pass. */
  readonly bucketBytes?: number;
  readonly rounds: number;
  /** Steps in a turn. */
  readonly steps: number;
  /** Networks that are simulated besides the measured one. */
  readonly links: readonly Link[];
  readonly hosts: readonly number[];
  readonly command: string;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

const sizes = [4, 1024, 16 * 1024, 256 * 1024, 2 ** 20, 4 * 2 ** 20, 16 * 2 ** 20];

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Medians of sums of each size. */
async function measureSums(ranks: Communicator, { rounds, onProgress }: RanksOptions): Promise<SumTime[]> {
  const sums: SumTime[] = [];
  for (const [i, bytes] of sizes.entries()) {
    const values = new Float32Array(new ArrayBuffer(bytes)).fill(1e-3);
    const times: number[] = [];
    const repeats = bytes > 2 ** 20 ? rounds : 10 * rounds;
    for (let k = 0; k < repeats + 2; k++) {
      await ranks.barrier().wait();
      const began = performance.now();
      await ranks.sum(values).wait();
      // the first ones set up connections
      if (k >= 2) times.push(performance.now() - began);
    }
    sums.push({ bytes, milliseconds: median(times) });
    onProgress?.('sums', i + 1, sizes.length);
  }
  return sums;
}

function drawFeeds({ images, inputSize, classes }: RanksOptions, rank: number): Record<string, Tensor> {
  const random = new Random(rank, 'images');
  const data = Uint8Array.from({ length: images * 3 * inputSize ** 2 }, () => random.int(256));
  const targets = new Float32Array(images * classes);
  for (let row = 0; row < images; row++) targets[row * classes + random.int(classes)] = 1;
  return {
    images: { dtype: 'uint8', dims: [images, 3, inputSize, inputSize], data },
    targets: f32([images, classes], targets),
    learning_rate: scalar(1e-3),
    step: scalar(1),
  };
}

async function timeSteps(program: Program, feeds: Record<string, Tensor>, steps: number): Promise<number> {
  const began = performance.now();
  for (let i = 0; i < steps; i++) await program.step(feeds);
  return (performance.now() - began) / steps;
}

/** Milliseconds of a rank: the slowest one's. */
async function slowest(ranks: Communicator, milliseconds: number): Promise<number> {
  const own = new Float64Array([milliseconds]);
  const all = await ranks.gather(new Uint8Array(own.buffer));
  return Math.max(...all.map((bytes) => new Float64Array(bytes.slice().buffer)[0]!));
}

async function measureStep(ranks: Communicator, options: RanksOptions): Promise<RanksResult['step']> {
  const { model, width, inputSize, classes, images, threads, rounds, steps, onProgress } = options;
  const { bucketType, bucketBytes } = options;
  const firstStride = inputSize <= 64 ? 1 : 2;
  const network = inferShapes(buildNetwork(model, { width, inputSize, channels: 3, classes, firstStride, seed: 1 }));
  const how: StepOptions = {
    batchSize: images,
    optimizer: defaultConfig.optimizer,
    emaDecay: defaultConfig.emaDecay,
    normalisation: { mean: [128, 128, 128], std: [64, 64, 64] },
  };
  const spread = {
    ranks: ranks.size,
    ...(bucketType && { bucketType }),
    ...(bucketBytes !== undefined && { bucketBytes }),
  };
  const whole = buildStep(network, how);
  const shared = buildStep(network, { ...how, spread });
  const buckets = cutStages(shared.graph).flatMap(({ reductions }, afterStage) =>
    reductions.map(({ input }) => {
      const { dims, name } = shared.graph.value(input);
      return { bytes: 4 * elementCount(dims), isGradient: name.includes('bucket'), afterStage };
    }),
  );
  const stageTimes: number[][] = [];
  const alone = await compileProgram(whole.graph, whole.slots, { threads });
  const together = await compileProgram(shared.graph, shared.slots, {
    threads,
    ranks,
    onStage: (index, milliseconds) => {
      stageTimes[index] ??= [];
      stageTimes[index].push(milliseconds);
    },
  });
  const feeds = drawFeeds(options, ranks.rank);
  const times: { alone: number; together: number }[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      await ranks.barrier().wait();
      const one = await slowest(ranks, await timeSteps(alone, feeds, steps));
      await ranks.barrier().wait();
      const two = await slowest(ranks, await timeSteps(together, feeds, steps));
      // the first round allocates
      if (round > 0) times.push({ alone: one, together: two });
      else stageTimes.length = 0;
      onProgress?.('steps', round + 1, rounds + 1);
    }
  } finally {
    await alone.release();
    await together.release();
  }
  return {
    network: `${model} ${width}, ${inputSize}x${inputSize}, ${classes} classes`,
    images,
    parameters: whole.learned.reduce((sum, name) => sum + elementCount(network.value(name).dims), 0),
    bytes: buckets.reduce((sum, { bytes }) => sum + bytes, 0),
    alone: median(times.map((time) => time.alone)),
    together: median(times.map((time) => time.together)),
    efficiency: median(times.map((time) => time.alone / time.together)),
    parts: { stages: stageTimes.map(median), buckets },
  };
}

/** All of it, on all ranks. */
export async function measureRanks(ranks: Communicator, options: RanksOptions): Promise<RanksResult> {
  const sums = await measureSums(ranks, options);
  const measured = fitLink(sums, ranks.size, 'measured');
  const step = await measureStep(ranks, options);
  const links = [measured, ...options.links];
  return {
    ranks: ranks.size,
    library: ranks.library,
    machine: describeMachine(),
    command: options.command,
    date: new Date().toISOString(),
    sums,
    measured,
    step,
    scaling: links.flatMap((link) => options.hosts.map((hosts) => scale(step.parts, hosts, link))),
    half: links.map((link) => {
      const hosts = hostsForHalf(step.parts, link);
      return { link: link.name, ...(hosts !== undefined && { hosts }) };
    }),
  };
}
