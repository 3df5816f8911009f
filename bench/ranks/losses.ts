/**
 * Whether ranks train as one process does: `npx tsx bench/ranks/losses.ts [network] [steps] [ranks...] [rate=0.0005]` trains
 * DS-CNN (or another network) on synthetic images with the same global batch of 32, alone and on 2 and 4 ranks with shared batch
 * norms, and prints by how much the losses of the steps differ. One thread each. How much rounding matters depends on the
 * network: `control` in place of a number of ranks is one process again, with a learning rate that is another one by a 2^-22th,
 * a step or two of single precision. Where this differs as much as ranks do, ranks add no more than rounding.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AbortError, defaultConfig, joinRanks, type TrainConfig, trainNetwork } from '../../src/index.ts';

const config: TrainConfig = {
  ...defaultConfig,
  data: 'synthetic',
  width: 0.25,
  firstStride: 2,
  epochs: 1,
  batchSize: 32,
  learningRate: 0.0005,
  syncBatchNorm: true,
  emaDecay: 0,
  reestimateBatches: 0,
  threads: 1,
};

/** The losses of the first steps, on rank 0. */
async function work(model: string, steps: number, learningRate: number): Promise<void> {
  const ranks = await joinRanks();
  const out = mkdtempSync(join(tmpdir(), 'tritbank-losses-'));
  const controller = new AbortController();
  const losses: number[] = [];
  let sum = 0;
  try {
    await trainNetwork(
      { ...config, model, learningRate, trainSamples: steps * config.batchSize },
      {
        out,
        signal: controller.signal,
        ...(ranks && { ranks }),
        onProgress: ({ kind, loss }) => {
          if (kind !== 'images' || loss === undefined) return;
          const total = loss * (losses.length + 1);
          losses.push(total - sum);
          sum = total;
          if (losses.length >= steps - 1) controller.abort();
        },
      },
    );
  } catch (error) {
    if (!(error instanceof AbortError)) throw error;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  if (!ranks || ranks.rank === 0) process.stdout.write(`${JSON.stringify(losses)}\n`);
  ranks?.finalize();
}

function losses(model: string, steps: number, rate: number, ranks: number): number[] {
  const task = ['--work', model, `${steps}`, `${rate}`];
  const self = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), ...task];
  const asRoot = process.getuid?.() === 0 ? ['--allow-run-as-root'] : [];
  const line = ranks === 1 ? self : ['mpirun', '--oversubscribe', ...asRoot, '-n', `${ranks}`, ...self];
  const { status, stdout, stderr } = spawnSync(line[0]!, line.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${line.join(' ')} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as number[];
}

const [first, ...others] = process.argv.slice(2);
if (first === '--work') {
  await work(others[0]!, Number(others[1]), Number(others[2]));
} else {
  const model = first ?? 'ds-cnn';
  const rate = Number(others.find((word) => word.startsWith('rate='))?.slice(5) ?? config.learningRate);
  const [steps = '51', ...runs] = others.filter((word) => !word.startsWith('rate='));
  const alone = losses(model, Number(steps), rate, 1);
  for (const run of runs.length > 0 ? runs : ['2', '4']) {
    const isControl = run === 'control';
    const other = losses(model, Number(steps), isControl ? rate * (1 + 2 ** -22) : rate, isControl ? 1 : Number(run));
    const differences = alone.map((loss, i) => Math.abs(loss - other[i]!));
    const most = Math.max(...differences);
    const name = isControl ? 'control' : `${run} ranks`;
    console.log(`${name}, ${alone.length} steps at ${rate}: largest difference ${most.toExponential(2)}`);
    const some = differences.filter((_, i) => i % 7 === 0).map((value) => value.toExponential(1));
    console.log(`  every seventh ${some.join(' ')}`);
    console.log(`  losses ${alone[0]!.toFixed(4)} .. ${alone.at(-1)!.toFixed(4)}`);
  }
}
