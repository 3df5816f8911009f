/** Tensors that share memory: plane over plane, and never what is still read. */

import { expect, it } from 'vitest';
import { LayerDrawer, whole } from '../../../scripts/mcu/drawn-layers.ts';
import { homesOf } from './homes.ts';
import { stepsOf } from './steps.ts';

/** Image -> 8 channels -> a bank of 6 int8 and 10 ternary filters -> 4 filters. */
function bankNetwork(isReadLater: boolean) {
  const d = new LayerDrawer('bank', 3, 8);
  const x = d.convolution(whole(d.image), 8, { kernel: 3 });
  const y = whole(d.tensor(16, 8, 8));
  d.convolution(x, 6, { into: { ...y, channels: 6 } });
  d.ternary(x, 12, 10, { density: 0.4, into: { ...y, channel: 6, channels: 10 } });
  const last = d.convolution(y, 4);
  if (isReadLater) d.pool(x, [8, 8]);
  return { network: d.network(d.scores(d.pool(last, [8, 8]), 3)), x: x.tensor, y: y.tensor, last: last.tensor };
}

it('the last step of a bank writes over its input, plane over plane', () => {
  const { network, x, y, last } = bankNetwork(false);
  const [home] = homesOf(network, stepsOf(network, 'speed'), true);
  expect(home!.map(({ tensor, offset }) => ({ tensor, offset }))).toEqual([
    // behind the int8 filters
    { tensor: x, offset: 6 * 64 },
    { tensor: y, offset: 0 },
    { tensor: last, offset: 0 },
  ]);
});

it('what is read later is not overwritten', () => {
  const { network, x, y } = bankNetwork(true);
  const homes = homesOf(network, stepsOf(network, 'speed'), true);
  expect(homes.find((home) => home.some(({ tensor }) => tensor === x))).toHaveLength(1);
  expect(homes.find((home) => home.some(({ tensor }) => tensor === y))![0]!.tensor).toBe(y);
});

it('with a place each, pointwise layers have two', () => {
  const { network, x } = bankNetwork(false);
  const homes = homesOf(network, stepsOf(network, 'speed'), false);
  expect(homes.find((home) => home.some(({ tensor }) => tensor === x))).toHaveLength(1);
});
