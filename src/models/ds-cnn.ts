/**
 * DS-CNN, the small one (Zhang et al., Hello Edge, arXiv 1711.07128): a convolution, then four pairs of a
 * depthwise 3x3 and a pointwise convolution, all of 64 filters and stride 1 but the first. Published for spectrograms of
 * keywords, whose first kernel is 10x4: here so for inputs that are not square. Of square images it is 3x3. Left out:
 * dropout.
 */

import { formatSize, sizeOf } from '../images/size.ts';
import { type Architecture, filtersAt } from './architecture.ts';
import { NetworkBuilder } from './network-builder.ts';

/** Windows of time by coefficients. */
const spectrogramKernel = { height: 10, width: 4 };

export const dsCnn: Architecture = {
  name: 'ds-cnn',
  totalStride: 2,
  build({ width, inputSize, channels, classes, seed }, stride) {
    const filters = filtersAt(64, width);
    const size = sizeOf(inputSize);
    const kernel = size.height === size.width ? 3 : spectrogramKernel;
    const network = new NetworkBuilder(`ds-cnn-${width}-${formatSize(size)}`, seed);
    let x = network.input(channels, size);
    x = network.convBlock('conv', x, { filters, kernel, stride: stride(2) });
    for (const i of [1, 2, 3, 4]) x = network.separableBlock([`conv_dw_${i}`, `conv_pw_${i}`], x, { filters });
    return network.classifier(x, classes);
  },
};
