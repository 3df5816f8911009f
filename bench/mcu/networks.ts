/**
 * What is compared: networks with drawn weights, in int8 and with banks. What a layer costs depends only a little on
 * where its zeros are.
 */

import { LayerDrawer, whole } from '../../scripts/mcu/drawn-layers.ts';
import type { IntegerNetwork, TensorPart } from '../../src/integer/index.ts';

/** Of each pointwise layer: share of int8 filters, hidden units a filter, share of weights that are zero. */
export type Plan = readonly (readonly [full: number, hidden: number, zeros: number])[];

/** Hidden units a filter and zeros of MobileNet-V1 0.5 on CIFAR-10 at 25 % of the size: `results/README.md`. */
const quarter: Plan = [
  [12, 40, 0.76, 32],
  [64, 0, 0, 64],
  [0, 192, 0.785, 64],
  [16, 224, 0.7, 128],
  [0, 384, 0.795, 128],
  [0, 320, 0.575, 256],
  [0, 512, 0.735, 256],
  [0, 384, 0.735, 256],
  [0, 256, 0.745, 256],
  [0, 128, 0.605, 256],
  [0, 96, 0.73, 256],
  [0, 64, 0.435, 512],
  [0, 64, 0.64, 512],
].map(([full, hidden, zeros, filters]) => [full! / filters!, hidden! / filters!, zeros!] as const);

/** Int8 where images are large, fewer hidden units and more zeros elsewhere. No trained network has it. */
const mixed: Plan = quarter.map(([full, hidden, zeros], i) =>
  i < 3 ? [1, 0, 0] : [full, Math.min(hidden, 0.75), Math.max(zeros, 0.75)],
);

export const plans = { quarter, mixed } as const;

export interface Task {
  readonly name: string;
  /** The network with a plan; in int8 without. */
  readonly build: (plan?: Plan) => IntegerNetwork;
}

const even = (n: number) => 2 * Math.round(n / 2);

/** A pointwise layer: int8 filters, and ternary ones beside them. */
function bank(d: LayerDrawer, x: TensorPart, filters: number, choice?: Plan[number]): TensorPart {
  const full = choice ? even(choice[0] * filters) : filters;
  if (!choice || full === filters) return d.convolution(x, filters);
  const y = whole(d.tensor(filters, x.tensor.height, x.tensor.width));
  const hidden = 4 * Math.ceil((choice[1] * filters) / 4);
  const density = 1 - choice[2];
  if (full > 0) d.convolution(x, full, { into: { ...y, channels: full } });
  d.ternary(x, hidden, filters - full, {
    density,
    into: { tensor: y.tensor, channel: full, channels: filters - full },
  });
  return y;
}

const classifierDensity = 0.5;

/** MobileNet-V1; its classifier is ternary with a plan, where it has many classes. */
function mobilenetV1(width: number, size: number, classes: number) {
  return (plan?: Plan): IntegerNetwork => {
    const d = new LayerDrawer(`mobilenet-v1 ${width} ${size}`, 3, size);
    let x = d.convolution(whole(d.image), 32 * width, { kernel: 3, stride: 2 });
    const filters = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
    const strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];
    filters.forEach((count, i) => {
      x = bank(d, d.depthwise(x, { stride: strides[i]! }), count * width, plan?.[i]);
    });
    const pooled = d.pool(x, [x.tensor.height, x.tensor.width], 1);
    const isTernary = plan !== undefined && classes >= 100;
    return d.network(d.scores(pooled, classes, isTernary ? classifierDensity : undefined));
  };
}

/** MLPerf Tiny's ResNet-8: 3x3 layers and sums. Every layer of a plan is like its last one. */
function resnet8() {
  return (plan?: Plan): IntegerNetwork => {
    const d = new LayerDrawer('resnet-8 32', 3, 32);
    const layer = (x: TensorPart, filters: number, stride = 1, kernel = 3) => {
      if (!plan || kernel === 1) return d.convolution(x, filters, { kernel, stride });
      return d.ternary(x, filters, filters, { kernel, stride, density: 0.3 });
    };
    let x = d.convolution(whole(d.image), 16, { kernel: 3 });
    for (const [filters, stride] of [
      [16, 1],
      [32, 2],
      [64, 2],
    ] as const) {
      const inner = layer(layer(x, filters, stride), filters);
      const shortcut = stride === 1 ? x : layer(x, filters, stride, 1);
      x = d.addition(shortcut, inner);
    }
    return d.network(d.scores(d.pool(x, [x.tensor.height, x.tensor.width], 1), 10));
  };
}

/** MLPerf Tiny's DS-CNN: 49 x 10 coefficients, 12 words. */
function dsCnn() {
  return (plan?: Plan): IntegerNetwork => {
    const d = new LayerDrawer('ds-cnn 49x10', 1, 49, 10);
    let x = d.convolution(whole(d.image), 64, { kernel: [10, 4], stride: 2, pad: 4 });
    for (let i = 0; i < 4; i++) x = bank(d, d.depthwise(x), 64, plan && [0, 1, 0.75]);
    return d.network(d.scores(d.pool(x, [x.tensor.height, x.tensor.width], 1), 12));
  };
}

export const tasks: readonly Task[] = [
  { name: 'MobileNet-V1 0.25, 96, 2 classes', build: mobilenetV1(0.25, 96, 2) },
  { name: 'MobileNet-V1 0.5, 160, 1000 classes', build: mobilenetV1(0.5, 160, 1000) },
  { name: 'ResNet-8, 32, 10 classes', build: resnet8() },
  { name: 'DS-CNN, 49x10, 12 classes', build: dsCnn() },
];
