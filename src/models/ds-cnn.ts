/**
 * DS-CNN, the small one (Zhang et al., Hello Edge, arXiv 1711.07128): a convolution, then four pairs of a
 * depthwise 3x3 and a pointwise convolution, all of 64 filters and stride 1 but the first. Published for spectrograms of
 * keywords, with a first kernel of 10x4; here it takes square images and the first kernel is 3x3.
 */

import { type Architecture, filtersAt } from './architecture.ts';
import { NetworkBuilder } from './network-builder.ts';

export const dsCnn: Architecture = {
  name: 'ds-cnn',
  totalStride: 2,
  build({ width, inputSize, channels, classes, seed }, stride) {
    const filters = filtersAt(64, width);
    const network = new NetworkBuilder(`ds-cnn-${width}-${inputSize}`, seed);
    let x = network.input(channels, inputSize);
    x = network.convBlock('conv', x, { filters, kernel: 3, stride: stride(2) });
    for (const i of [1, 2, 3, 4]) x = network.separableBlock([`conv_dw_${i}`, `conv_pw_${i}`], x, { filters });
    return network.classifier(x, classes);
  },
};
