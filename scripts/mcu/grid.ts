/** Networks of small drawn layers, each of which reads the same image: what cost functions are fitted to. */

import type { IntegerNetwork } from '../../src/integer/index.ts';
import { LayerDrawer, whole } from './drawn-layers.ts';

/** Layers of all kernels over the first channels of an image. */
function addLayers(d: LayerDrawer): void {
  const { channels: most, height, width } = d.image;
  for (const channels of [most, most / 2, most / 3 + 1]) {
    const x = whole(d.image, channels);
    for (const rows of [4, 17, 2 * channels]) d.convolution(x, rows);
    for (const density of [0.08, 0.2, 0.35, 0.6]) {
      d.ternary(x, channels + 3, channels, { density });
      d.convolution(x, 2 * channels, { density });
    }
    for (const options of [{}, { stride: 2 }, { kernel: 5 }]) d.depthwise(x, options);
    d.addition(x, x);
    const most2 = Math.min(height, width);
    for (const kernel of [most2, 2]) d.pool(x, [kernel, kernel]);
    d.table(x);
  }
  for (const channels of [3, 8]) {
    const x = whole(d.image, channels);
    for (const rows of [8, 16, 33]) for (const stride of [1, 2]) d.convolution(x, rows, { kernel: 3, stride });
    for (const density of [0.15, 0.4]) {
      d.convolution(x, 24, { kernel: 3, density });
      d.ternary(x, 20, 16, { kernel: 3, density });
    }
  }
}

/** Pointwise layers of many channels, whose rows may be in parts. */
function addWide(d: LayerDrawer): void {
  const { channels } = d.image;
  const x = whole(d.image);
  for (const rows of [17, channels]) d.convolution(x, rows);
  for (const density of [0.08, 0.2, 0.35, 0.6]) {
    d.ternary(x, channels / 2, channels, { density });
    d.convolution(x, channels / 2, { density });
  }
}

function addConnected(d: LayerDrawer): void {
  const x = whole(d.image);
  for (const rows of [2, 10, 100]) {
    d.convolution(x, rows);
    d.convolution(x, rows, { density: 0.4 });
  }
  for (const rows of [128, 400, 1000]) d.convolution(x, rows, { density: 0.4 });
}

function networkOf(name: string, [channels, height, width]: readonly number[], add: (d: LayerDrawer) => void) {
  const d = new LayerDrawer(name, channels!, height!, width!);
  add(d);
  return d.network(d.firstPixel());
}

/** Networks with layers of all kernels; of several sizes. */
export function gridNetworks(): IntegerNetwork[] {
  const sizes = [
    [24, 32, 32],
    [96, 12, 12],
    [24, 25, 5],
    [96, 7, 7],
    [96, 6, 6],
    [96, 3, 3],
  ];
  const wide = [
    [256, 10, 10],
    [512, 5, 5],
    [256, 3, 3],
  ];
  return [
    ...sizes.map((size) => networkOf(size.join('x'), size, addLayers)),
    ...wide.map((size) => networkOf(size.join('x'), size, addWide)),
    ...[40, 256, 515].map((channels) => networkOf(`${channels}`, [channels, 1, 1], addConnected)),
  ];
}

/** Networks with one kind of step each besides the last two: how much code they take. */
export function codeNetworks(): { kind: string; network: IntegerNetwork }[] {
  const make = (kind: string, add: (d: LayerDrawer) => void, size = 4) => {
    return { kind, network: networkOf(`code-${kind}`, [8, size, size], add) };
  };
  return [
    make('none', () => {}),
    make('convolution', (d) => d.convolution(whole(d.image), 8)),
    make('depthwise', (d) => d.depthwise(whole(d.image))),
    make('connected', (d) => d.convolution(whole(d.image), 8), 1),
    make('pool', (d) => d.pool(whole(d.image), [2, 2])),
    make('addition', (d) => d.addition(whole(d.image), whole(d.image))),
    make('table', (d) => d.table(whole(d.image))),
  ];
}
