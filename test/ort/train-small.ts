/** The smallest network with one layer of each kind, and batches for it. */

import type { Normalisation } from '../../src/classifier/index.ts';
import { type Graph, Random, scalar, type Tensor } from '../../src/ir/index.ts';
import { NetworkBuilder } from '../../src/models/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import type { StepOptions } from '../../src/train/index.ts';

export const small = { batch: 4, channels: 3, size: 8, classes: 5 } as const;

export const smallNormalisation: Normalisation = { mean: [120, 130, 110], std: [50, 60, 70] };

export const sgd = { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-2 } as const;

export const smallOptions: StepOptions = { batchSize: small.batch, optimizer: sgd, normalisation: smallNormalisation };

/** Convolution with stride 2, depthwise and pointwise convolution, classifier. */
export function smallNetwork(): Graph {
  const network = new NetworkBuilder('small', 7);
  let x = network.input(small.channels, small.size);
  x = network.convBlock('conv', x, { filters: 6, kernel: 3, stride: 2 });
  x = network.convBlock('depthwise', x, { filters: 6, kernel: 3, groups: 6 });
  x = network.convBlock('pointwise', x, { filters: 8, kernel: 1 });
  return inferShapes(network.classifier(x, small.classes));
}

/** Random images with one label each: the feeds of step `step`, counted from 1. */
export function smallFeeds(step: number, learningRate = 0.1): Record<string, Tensor> {
  const random = new Random(step, 'feeds');
  const { batch, channels, size, classes } = small;
  const pixels = Uint8Array.from({ length: batch * channels * size * size }, () => random.int(256));
  const targets = new Float32Array(batch * classes);
  for (let row = 0; row < batch; row++) targets[row * classes + random.int(classes)] = 1;
  return {
    images: { dtype: 'uint8', dims: [batch, channels, size, size], data: pixels },
    targets: { dtype: 'float32', dims: [batch, classes], data: targets },
    learning_rate: scalar(learningRate),
    step: scalar(step),
  };
}
