/**
 * Where the time of our step goes: a run under ONNX Runtime's profiler, and beside it what the machine can do at best,
 * a large square matrix product in the same process. The profiler itself costs a few microseconds an operator.
 */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '../../src/engine/index.ts';
import { Graph, Random } from '../../src/ir/index.ts';
import { Builder, canonicalOpset } from '../../src/ops/index.ts';
import { prepare } from './program.ts';
import type { Task } from './task.ts';
import { isProduct, summariseTrace, type TraceSummary } from './trace.ts';

export interface Profile extends TraceSummary {
  /** The best of several products of two `size` x `size` matrices. */
  readonly peak: { readonly size: number; readonly gflops: number };
  /** All matrix products together: their share of the kernels' time, their rate, and it as a share of the peak. */
  readonly products: { readonly share: number; readonly gflops: number; readonly ofPeak: number };
}

/** GFLOP/s of the best of `repeats` products of two float32 matrices. */
async function measurePeak(size: number, repeats: number, threads: number): Promise<number> {
  const graph = new Graph('peak', canonicalOpset);
  const inputs = ['a', 'b'].map((name) => graph.input(name, 'float32', [size, size]));
  const product = new Builder(graph).op('MatMul', inputs);
  // The sum keeps the copy of a large output to this process out of the measured time.
  graph.outputs = [new Builder(graph).reduce('ReduceSum', product, undefined, false)];
  const random = new Random(1, 'peak');
  const data = Float32Array.from({ length: size * size }, () => random.normal());
  const matrix = { dtype: 'float32', dims: [size, size], data } as const;
  const executable = await compile(graph, { threads });
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await executable.run({ a: matrix, b: matrix });
    best = Math.min(best, performance.now() - start);
  }
  await executable.release();
  return (2 * size ** 3) / best / 1e6;
}

async function trace(task: Task, steps: number, warmUp: number): Promise<TraceSummary> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const { program, feeds } = await prepare(task, { profile: join(directory, 'step') });
    for (let i = 0; i < warmUp + steps; i++) await program.step(feeds);
    await program.release();
    const [file] = await readdir(directory);
    return summariseTrace(JSON.parse(await readFile(join(directory, file!), 'utf8')), warmUp);
  } finally {
    await rm(directory, { recursive: true });
  }
}

export async function profileStep(task: Task, steps: number, warmUp: number): Promise<Profile> {
  const size = 2048;
  const before = await measurePeak(size, 5, task.threads);
  const summary = await trace(task, steps, warmUp);
  const peak = Math.max(before, await measurePeak(size, 5, task.threads));
  const products = summary.operators.filter((row) => isProduct(row.operator));
  const milliseconds = products.reduce((sum, row) => sum + row.milliseconds, 0);
  const flop = products.reduce((sum, row) => sum + (row.flop ?? Number.NaN), 0);
  const gflops = flop / milliseconds / 1e6;
  return {
    ...summary,
    peak: { size, gflops: peak },
    products: { share: milliseconds / summary.kernelMilliseconds, gflops, ofPeak: gflops / peak },
  };
}
