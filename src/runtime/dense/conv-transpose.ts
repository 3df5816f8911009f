/** Transposed convolution of images: every pixel of x adds the window to y. */

import type { Elements } from './elements.ts';

type Pair = readonly [number, number];

export interface ConvTranspose {
  readonly run: 'convTranspose';
  readonly groups: number;
  readonly channels: number;
  readonly filters: number;
  /** Heights and widths. */
  readonly size: Pair;
  readonly outSize: Pair;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Rows and columns of the full result that are cut off in front. */
  readonly before: Pair;
}

export function convTranspose(layer: ConvTranspose, [x, w, bias]: readonly Elements[], y: Elements): void {
  const { channels, filters, groups, size, outSize } = layer;
  const plane = outSize[0] * outSize[1];
  for (let f = 0; f < filters; f++) y.fill(bias?.[f] ?? 0, f * plane, (f + 1) * plane);
  const [perGroup, inputs] = [filters / groups, channels / groups];
  const taps = layer.kernel[0] * layer.kernel[1];
  for (let c = 0; c < channels; c++) {
    const from = x!.subarray(c * size[0] * size[1], (c + 1) * size[0] * size[1]);
    for (let f = 0; f < perGroup; f++) {
      const filter = Math.floor(c / inputs) * perGroup + f;
      const weights = w!.subarray((c * perGroup + f) * taps, (c * perGroup + f + 1) * taps);
      addPlane(layer, from, weights, y.subarray(filter * plane, (filter + 1) * plane));
    }
  }
}

function addPlane(layer: ConvTranspose, x: Elements, weights: Elements, y: Elements): void {
  const { size, outSize, kernel, strides, dilations, before } = layer;
  for (let tap = 0; tap < weights.length; tap++) {
    const [rowShift, columnShift] = [
      Math.floor(tap / kernel[1]) * dilations[0] - before[0],
      (tap % kernel[1]) * dilations[1] - before[1],
    ];
    for (let row = 0; row < size[0]; row++) {
      const outRow = row * strides[0] + rowShift;
      if (outRow < 0 || outRow >= outSize[0]) continue;
      for (let column = 0; column < size[1]; column++) {
        const outColumn = column * strides[1] + columnShift;
        if (outColumn < 0 || outColumn >= outSize[1]) continue;
        y[outRow * outSize[1] + outColumn]! += weights[tap]! * x[row * size[1] + column]!;
      }
    }
  }
}
