/**
 * Whether onnxruntime-web's WebGPU provider computes the training step: losses of the first steps in Chromium beside those of
 * its WebAssembly, from the same state and batch. Without a GPU, SwiftShader takes its place: a minute a step.
 *
 *   npx tsx scripts/studio/webgpu-step.ts [--out results/studio/webgpu-step.json]
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { chromiumArguments, findChromium } from '../../src/bench/in-chromium.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { buildStep } from '../../src/train/step.ts';
import { environmentOf } from './page.ts';

const { values } = parseArgs({ options: { out: { type: 'string' } } });
const [steps, batchSize, side, classes] = [3, 32, 28, 10];

const shape = { width: 0.125, inputSize: side, channels: 1, classes, firstStride: 1, seed: 1 } as const;
const { graph, slots } = buildStep(buildNetwork('mobilenet-v1', shape), {
  batchSize,
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  normalisation: { mean: [40], std: [80] },
});
const state = slots.map(({ input, next, parts }) => ({
  input,
  next,
  data: parts.flatMap(({ initial }) => [...(initial.data as Float32Array)]),
}));

const text = `<!doctype html><title>step</title><script type="module">
import * as ort from '/ort/ort.webgpu.min.mjs';
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = '/ort/';
const state = await (await fetch('/state')).json();
const model = new Uint8Array(await (await fetch('/model')).arrayBuffer());
const float = (data, dims) => new ort.Tensor('float32', Float32Array.from(data), dims);
window.losses = async (provider) => {
  const session = await ort.InferenceSession.create(model, { executionProviders: [provider] });
  const pixels = Uint8Array.from({ length: ${batchSize * side * side} }, (_, i) => (i * i * 31 + 7 * i) % 251);
  const targets = Array.from({ length: ${batchSize * classes} }, (_, i) => Number(i % ${classes} === Math.floor(i / ${classes}) % ${classes}));
  const feeds = {
    images: new ort.Tensor('uint8', pixels, [${batchSize}, 1, ${side}, ${side}]),
    targets: float(targets, [${batchSize}, ${classes}]),
    learning_rate: float([1e-3], []),
    step: float([1], []),
  };
  for (const { input, data } of state) feeds[input] = float(data, [data.length]);
  const losses = [];
  for (let i = 0; i < ${steps}; i++) {
    const results = await session.run(feeds);
    for (const { input, next } of state) feeds[input] = results[next];
    losses.push(results.loss.data[0]);
  }
  return losses;
};
</script>`;

const library = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web')));
const types: Readonly<Record<string, string>> = { '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
const server = createServer(({ url = '' }, response) => {
  const made: Readonly<Record<string, () => string | Uint8Array>> = {
    '/': () => text,
    '/model': () => writeModel(graph),
    '/state': () => JSON.stringify(state),
  };
  response.setHeader('content-type', types[extname(url)] ?? 'text/html');
  if (made[url]) response.end(made[url]());
  else if (url.startsWith('/ort/')) response.end(readFileSync(join(library, basename(url))));
  else response.writeHead(404).end();
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));

const software = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
const browser = await chromium.launch({ executablePath: findChromium(), args: [...chromiumArguments, ...software] });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(600_000);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction('window.losses');
  const lossesOf = (provider: string): Promise<number[]> => page.evaluate(`losses('${provider}')`);
  const adapter = await page.evaluate('navigator.gpu?.requestAdapter().then((one) => one?.info.architecture ?? null)');
  const result = { wasm: await lossesOf('wasm'), webgpu: await lossesOf('webgpu') };
  const json = JSON.stringify(
    { benchmark: 'webgpu-step', ...environmentOf('webgpu-step.ts', browser), adapter, ...result },
    null,
    2,
  );
  if (values.out) writeFileSync(values.out, `${json}\n`);
  else console.log(json);
} finally {
  await browser.close();
  server.close();
}
