/**
 * MobileNet-V2 (Sandler et al., arXiv 1801.04381, table 2): a 3x3 convolution, 17 inverted residuals, a 1x1
 * convolution. An inverted residual expands its input by a pointwise convolution, filters it by a depthwise 3x3, both
 * with ReLU6, and projects it by a pointwise convolution without activation (the linear bottleneck); where stride and
 * filters allow it the input is added. Left out: dropout before the classifier.
 */

import { formatSize, sizeOf } from '../images/size.ts';
import type { Value } from '../ir/index.ts';
import type { Architecture } from './architecture.ts';
import { NetworkBuilder } from './network-builder.ts';

interface Stage {
  /** How many times as many channels the depthwise convolution has as the block's input. */
  readonly expansion: number;
  /** Filters at width 1. */
  readonly filters: number;
  readonly blocks: number;
  /** Stride of the first block. */
  readonly stride: 1 | 2;
}

const stages: readonly Stage[] = [
  { expansion: 1, filters: 16, blocks: 1, stride: 1 },
  { expansion: 6, filters: 24, blocks: 2, stride: 2 },
  { expansion: 6, filters: 32, blocks: 3, stride: 2 },
  { expansion: 6, filters: 64, blocks: 4, stride: 2 },
  { expansion: 6, filters: 96, blocks: 3, stride: 1 },
  { expansion: 6, filters: 160, blocks: 3, stride: 2 },
  { expansion: 6, filters: 320, blocks: 1, stride: 1 },
];

/** The nearest multiple of 8, but never less than 90 % of `filters`: the rounding of the authors' code. */
function inEights(filters: number): number {
  const nearest = Math.max(8, 8 * Math.floor(filters / 8 + 0.5));
  return nearest < 0.9 * filters ? nearest + 8 : nearest;
}

function invertedResidual(
  network: NetworkBuilder,
  name: string,
  x: Value,
  { expansion, filters, stride }: Omit<Stage, 'blocks'>,
): Value {
  const channels = x.shape[1] as number;
  const wide = channels * expansion;
  let y = x;
  if (expansion > 1) y = network.convBlock(`${name}_expand`, y, { filters: wide, kernel: 1 }, 'relu6');
  y = network.convBlock(`${name}_depthwise`, y, { filters: wide, kernel: 3, stride, groups: wide }, 'relu6');
  y = network.convBlock(`${name}_project`, y, { filters, kernel: 1 }, 'none');
  return stride === 1 && channels === filters ? network.add(name, x, y) : y;
}

export const mobilenetV2: Architecture = {
  name: 'mobilenet-v2',
  totalStride: 32,
  build({ width, inputSize, channels, classes, seed }, stride) {
    const network = new NetworkBuilder(`mobilenet-v2-${width}-${formatSize(sizeOf(inputSize))}`, seed);
    let x = network.input(channels, inputSize);
    x = network.convBlock('conv', x, { filters: inEights(32 * width), kernel: 3, stride: stride(2) }, 'relu6');
    let count = 0;
    for (const { expansion, filters, blocks, stride: published } of stages) {
      for (let i = 0; i < blocks; i++) {
        const block = {
          expansion,
          filters: inEights(filters * width),
          stride: i === 0 ? stride(published) : 1,
        } as const;
        x = invertedResidual(network, `block_${++count}`, x, block);
      }
    }
    // a narrow network keeps its features: the last layer grows with the width, but does not shrink
    const features = inEights(1280 * Math.max(1, width));
    x = network.convBlock('conv_last', x, { filters: features, kernel: 1 }, 'relu6');
    return network.classifier(x, classes);
  },
};
