/**
 * MobileNet-V1 (Howard et al., arXiv 1704.04861, table 1): a 3x3 convolution, then 13 pairs of a depthwise 3x3 and a
 * pointwise convolution, each followed by batch norm and ReLU.
 */

import { formatSize, sizeOf } from '../images/size.ts';
import { type Architecture, filtersAt } from './architecture.ts';
import { NetworkBuilder } from './network-builder.ts';

/** Filters (at width 1) and stride of the 13 pairs. */
const pairs: readonly (readonly [filters: number, stride: 1 | 2])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

export const mobilenetV1: Architecture = {
  name: 'mobilenet-v1',
  totalStride: 32,
  build({ width, inputSize, channels, classes, seed }, stride) {
    const network = new NetworkBuilder(`mobilenet-v1-${width}-${formatSize(sizeOf(inputSize))}`, seed);
    let x = network.input(channels, inputSize);
    x = network.convBlock('conv', x, { filters: filtersAt(32, width), kernel: 3, stride: stride(2) });
    for (const [i, [full, published]] of pairs.entries()) {
      const names = [`conv_dw_${i + 1}`, `conv_pw_${i + 1}`] as const;
      x = network.separableBlock(names, x, { filters: filtersAt(full, width), stride: stride(published) });
    }
    return network.classifier(x, classes);
  },
};
