/**
 * `npm run zoo`: makes the package `@tritbank/zoo` in `packages/zoo` from `results/cifar10`: `index.json` with a card for
 * each model, the models, and their plans. `npm run zoo -- --measure` measures latencies first, which take a minute and a
 * machine without other work, and keeps them in `results/zoo/latency.json`. `--check` writes nothing, and fails where
 * `index.json` is not what it would write.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../src/files/index.ts';
import { describeMachine } from '../../src/files/machine.ts';
import { InferenceSession, Tensor } from '../../src/runtime/node.ts';
import { type Latencies, type ZooEntry, zooEntries } from './cards.ts';

const results = 'results/cifar10';
const target = 'packages/zoo';
const latencyFile = 'results/zoo/latency.json';

const warmRuns = 31;

/** Median of warm runs, on one thread. */
async function measure(path: string, size: number): Promise<number> {
  const session = await InferenceSession.create(path);
  const shape = [1, 3, size, size];
  const data = Float32Array.from({ length: 3 * size * size }, (_, i) => Math.sin(12.9898 * i));
  const feeds = { [session.inputNames[0]!]: new Tensor('float32', data, shape) };
  const times: number[] = [];
  for (let run = 0; run <= warmRuns; run++) {
    await session.run(feeds);
    if (run > 0) times.push(session.lastMilliseconds);
  }
  await session.release();
  return Number(times.sort((a, b) => a - b)[warmRuns >> 1]!.toFixed(3));
}

async function measureAll(entries: readonly ZooEntry[]): Promise<Latencies> {
  const milliseconds: Record<string, number> = {};
  for (const { card, copies } of entries) {
    milliseconds[card.name] = await measure(copies[0]!.from, card.inputSize);
    console.log(`${card.name}  ${milliseconds[card.name]} ms`);
  }
  return { machine: describeMachine(), date: new Date().toISOString().slice(0, 10), milliseconds };
}

const folders = readdirSync(results, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const networks = folders.map(({ name }) => name).sort();
if (process.argv.includes('--measure')) {
  const latencies = await measureAll(await zooEntries(results, networks));
  mkdirSync(dirname(latencyFile), { recursive: true });
  const command = 'npm run zoo -- --measure';
  writeFileAtomic(latencyFile, `${JSON.stringify({ command, threads: 1, warmRuns, ...latencies }, null, 1)}\n`);
}
const latencies = existsSync(latencyFile) ? (JSON.parse(readFileSync(latencyFile, 'utf8')) as Latencies) : undefined;
const entries = await zooEntries(results, networks, latencies);
const index = `${JSON.stringify({ version: 1, models: entries.map(({ card }) => card) }, null, 1)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync(join(target, 'index.json'), 'utf8') !== index) {
    console.error(`${target}/index.json: expected what npm run zoo makes, found another`);
    process.exitCode = 1;
  }
} else {
  for (const folder of ['models', 'plans']) {
    rmSync(join(target, folder), { recursive: true, force: true });
    mkdirSync(join(target, folder), { recursive: true });
  }
  for (const { path, from } of entries.flatMap(({ copies }) => copies)) {
    writeFileAtomic(join(target, path), readFileSync(from));
  }
  writeFileAtomic(join(target, 'index.json'), index);
  console.log(`${target}: ${entries.length} models`);
}
