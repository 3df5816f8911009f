/**
 * TensorFlow.js as a contestant of the train-step benchmark: MobileNet-V1 from its layers API, `trainOnBatch`.
 * Called with the task (JSON) and the backend: `cpu` (plain JavaScript, one thread) or `wasm`. Whether a backend can
 * train this network at all is found out and not assumed: the kernels that a step runs are recorded on `cpu` and looked
 * up for `wasm`. The images are ready as normalised floats. Strided convolutions pad on one side only (`same`), as is
 * usual there: as much work, another alignment.
 */

import * as tf from '@tensorflow/tfjs';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { cpuSeconds, peakMemory, serve } from '../serve.ts';
import type { Ready, Round, RoundRequest, Task } from '../train-step/task.ts';

const task = JSON.parse(process.argv[2]!) as Task;
const backend = process.argv[3]!;

/** Filters (at width 1) and stride of the 13 pairs of a depthwise and a pointwise convolution. */
const pairs: [filters: number, stride: number][] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, (): [number, number] => [512, 1]),
  [1024, 2],
  [1024, 1],
];

function buildModel(): tf.Sequential {
  const { width, inputSize, classes, learningRate, momentum, weightDecay } = task;
  const filters = (full: number) => Math.max(8, Math.round(full * width));
  // l2 x |w|^2 has the gradient 2 l2 w
  const regularizer = () => tf.regularizers.l2({ l2: weightDecay / 2 });
  const model = tf.sequential();
  const finish = () => {
    model.add(tf.layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }));
    model.add(tf.layers.reLU());
  };
  const common = { padding: 'same', useBias: false } as const;
  const inputShape = [inputSize, inputSize, 3];
  const first = { ...common, filters: filters(32), kernelSize: 3, kernelRegularizer: regularizer() };
  model.add(tf.layers.conv2d({ ...first, inputShape }));
  finish();
  for (const [full, strides] of pairs) {
    const depthwise = { ...common, kernelSize: 3, strides, depthwiseRegularizer: regularizer() };
    model.add(tf.layers.depthwiseConv2d(depthwise));
    finish();
    model.add(tf.layers.conv2d({ ...common, filters: filters(full), kernelSize: 1, kernelRegularizer: regularizer() }));
    finish();
  }
  model.add(tf.layers.globalAveragePooling2d({}));
  model.add(tf.layers.dense({ units: classes, kernelRegularizer: regularizer() }));
  const loss = (targets: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(targets, logits);
  model.compile({ optimizer: tf.train.momentum(learningRate, momentum, true), loss });
  return model;
}

function makeBatch(size: number): [images: tf.Tensor, targets: tf.Tensor] {
  const labels = tf.tensor1d(
    Array.from({ length: size }, (_, i) => i % task.classes),
    'int32',
  );
  const images = tf.randomNormal([size, task.inputSize, task.inputSize, 3], 0, 1, 'float32', 1);
  return [images, tf.oneHot(labels, task.classes).toFloat()];
}

/** Kernels that a training step runs and `wasm` does not have. Names on `__op` in a profile are functions, no kernels. */
async function findMissingKernels(): Promise<string[]> {
  await tf.setBackend('cpu');
  const model = buildModel();
  const [images, targets] = makeBatch(1);
  const { kernelNames } = await tf.profile(async () => {
    await model.trainOnBatch(images, targets);
    return images;
  });
  const isMissing = (name: string) => !name.endsWith('__op') && tf.getKernel(name, 'wasm') === undefined;
  return kernelNames.filter(isMissing).sort();
}

await serve<RoundRequest>(async () => {
  if (backend === 'wasm') {
    const missing = await findMissingKernels();
    if (missing.length > 0) throw new Error(`cannot train it, its backend has no kernel ${missing.join(', ')}`);
    setThreadsCount(task.threads);
  }
  await tf.setBackend(backend);
  const model = buildModel();
  const [images, targets] = makeBatch(task.batch);
  const weights = model.trainableWeights.map((weight) => weight.read().size);
  const greeting: Ready = {
    library: 'TensorFlow.js',
    version: tf.version_core,
    parameters: weights.reduce((sum, size) => sum + size, 0),
  };
  return {
    greeting,
    async answer({ steps }): Promise<Round> {
      let loss = Number.NaN;
      const cpu = process.cpuUsage();
      const start = performance.now();
      for (let i = 0; i < steps; i++) loss = Number(await model.trainOnBatch(images, targets));
      const seconds = (performance.now() - start) / 1000;
      return { seconds, cpuSeconds: cpuSeconds(cpu), loss, peakBytes: peakMemory() };
    },
  };
});
