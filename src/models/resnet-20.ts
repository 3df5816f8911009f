/**
 * ResNet-20 for small images (He et al., arXiv 1512.03385, section 4.2): a 3x3 convolution, then three stages of three
 * residual blocks of two 3x3 convolutions, with 16, 32 and 64 filters. The shortcut has no parameters (option A, as
 * published for CIFAR): where a stage begins with stride 2 it takes every second pixel, and zeros fill up its channels.
 */

import { formatSize, sizeOf } from '../images/size.ts';
import type { Value } from '../ir/index.ts';
import { type Architecture, filtersAt } from './architecture.ts';
import { NetworkBuilder } from './network-builder.ts';

const stages = [16, 32, 64] as const;
const blocksPerStage = 3;

/** Slices end behind the last pixel, whatever the size. */
const end = 2 ** 31 - 1;

function shortcut({ build }: NetworkBuilder, name: string, x: Value, filters: number, stride: number): Value {
  const range = { starts: [0, 0], ends: [end, end], axes: [2, 3], steps: [stride, stride] };
  const picked = stride === 1 ? x : build.named(`${name}_`).slice(x, range);
  const missing = filters - (x.shape[1] as number);
  return missing === 0
    ? picked
    : build.op('Pad', [picked, build.i64([0, 0, 0, 0, 0, missing, 0, 0])], {}, `${name}_pad`);
}

export const resnet20: Architecture = {
  name: 'resnet-20',
  totalStride: 8,
  build({ width, inputSize, channels, classes, seed }, strideOf) {
    const network = new NetworkBuilder(`resnet-20-${width}-${formatSize(sizeOf(inputSize))}`, seed);
    let x = network.input(channels, inputSize);
    x = network.convBlock('conv', x, { filters: filtersAt(stages[0], width), kernel: 3, stride: strideOf(2) });
    let count = 0;
    for (const [stage, full] of stages.entries()) {
      for (let i = 0; i < blocksPerStage; i++) {
        const name = `block_${++count}`;
        const [filters, stride] = [filtersAt(full, width), stage > 0 && i === 0 ? strideOf(2) : 1];
        let y = network.convBlock(`${name}_conv_1`, x, { filters, kernel: 3, stride });
        y = network.convBlock(`${name}_conv_2`, y, { filters, kernel: 3 }, 'none');
        x = network.activate(name, network.add(name, shortcut(network, name, x, filters, stride), y), 'relu');
      }
    }
    return network.classifier(x, classes);
  },
};
