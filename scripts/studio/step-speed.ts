/**
 * A training step in the panel Train, in a worker of a page in Chromium, beside the same step graph in Node: by the same
 * ONNX Runtime in WebAssembly and by the native one, on one thread each, in turns. Needs a build.
 *
 *   npx tsx scripts/studio/step-speed.ts [--out results/studio/step-speed.json]
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as web from 'onnxruntime-web';
import type { Page } from 'playwright-core';
import { median } from '../../bench/numbers.ts';
import { compileProgram } from '../../src/engine/index.ts';
import { f32, Random, scalar, type Tensor } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { buildStep } from '../../src/train/step.ts';
import { environmentOf, withStudio } from './page.ts';

const { values } = parseArgs({ options: { out: { type: 'string' } } });

const [rounds, seconds] = [7, 4];
/** As the panel has them when it opens, for its drawn digits. */
const [width, batchSize, side, classes] = [0.25, 32, 28, 10];

const shape = { width, inputSize: side, channels: 1, classes, firstStride: 1, seed: 1 } as const;
const { graph, slots } = buildStep(buildNetwork('mobilenet-v1', shape), {
  batchSize,
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  normalisation: { mean: [40], std: [80] },
});

function drawFeeds(): Record<string, Tensor> {
  const random = new Random(1, 'step');
  const targets = new Float32Array(batchSize * classes);
  for (let row = 0; row < batchSize; row++) targets[row * classes + (row % classes)] = 1;
  const data = Uint8Array.from({ length: batchSize * side * side }, () => random.int(256));
  return {
    images: { dtype: 'uint8', dims: [batchSize, 1, side, side], data },
    targets: f32([batchSize, classes], targets),
    learning_rate: scalar(1e-3),
    step: scalar(1),
  };
}

type Step = () => Promise<unknown>;

async function nativeStep(): Promise<Step> {
  const program = await compileProgram(graph, slots, { threads: 1 });
  const feeds = drawFeeds();
  return () => program.step(feeds);
}

/** State goes from the outputs of a step to the inputs of the next. */
async function webStep(): Promise<Step> {
  web.env.wasm.numThreads = 1;
  const session = await web.InferenceSession.create(writeModel(graph), { executionProviders: ['wasm'] });
  const feeds: Record<string, web.Tensor> = {};
  for (const [name, { dtype, dims, data }] of Object.entries(drawFeeds())) {
    feeds[name] = new web.Tensor(dtype as 'float32', data as Float32Array, dims);
  }
  for (const { input, parts } of slots) {
    const state = Float32Array.from(parts.flatMap(({ initial }) => [...(initial.data as Float32Array)]));
    feeds[input] = new web.Tensor('float32', state, [state.length]);
  }
  return async () => {
    const results = await session.run(feeds);
    for (const { input, next } of slots) feeds[input] = results[next]!;
  };
}

/** Milliseconds a step, over some seconds. */
async function time(step: Step): Promise<number> {
  const began = performance.now();
  let count = 0;
  do {
    await step();
    count++;
  } while (performance.now() - began < 1000 * seconds);
  return (performance.now() - began) / count;
}

/** Milliseconds a step in the page, as it shows them while it trains. */
async function timeInPage(page: Page): Promise<number> {
  await page.getByRole('button', { name: 'Resume' }).click();
  const found: number[] = [];
  while (found.length < 2 * seconds) {
    await page.waitForTimeout(500);
    const [, rate] = /([\d.]+) steps\/s/.exec((await page.getByText(/steps\/s/).textContent()) ?? '') ?? [];
    if (Number(rate) > 0) found.push(1000 / Number(rate));
  }
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  return median(found);
}

const result = await withStudio(async ({ browser, page }) => {
  const environment = environmentOf('step-speed.ts', browser);
  const [native, wasm] = [await nativeStep(), await webStep()];
  for (const step of [native, wasm]) await time(step);
  await page.getByRole('tab', { name: 'Train' }).click();
  await page.getByLabel('Method').selectOption('fp');
  await page.getByRole('slider', { name: 'Epochs' }).fill('30');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText(/[1-9][\d.]* steps\/s/).waitFor();
  await page.waitForTimeout(3000);
  await page.getByRole('button', { name: 'Pause' }).click();
  const times: { page: number; wasm: number; native: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    times.push({ page: await timeInPage(page), wasm: await time(wasm), native: await time(native) });
  }
  const ratio = (of: (one: (typeof times)[number]) => number) => Number(median(times.map(of)).toFixed(3));
  return {
    benchmark: 'step-speed',
    ...environment,
    step: `MobileNet-V1 ${width}, ${side} x ${side}, ${batchSize} images, full precision`,
    milliseconds: {
      page: ratio((one) => one.page),
      nodeWasm: ratio((one) => one.wasm),
      nodeNative: ratio((one) => one.native),
    },
    // speeds, of the page's
    pageOverNodeWasm: ratio((one) => one.wasm / one.page),
    pageOverNodeNative: ratio((one) => one.native / one.page),
    rounds: times,
  };
});
const text = `${JSON.stringify(result, null, 2)}\n`;
if (values.out) writeFileSync(values.out, text);
else process.stdout.write(text);
process.exit(0);
