import { describe, expect, it } from 'vitest';
import { LayerDrawer, whole } from '../../scripts/mcu/drawn-layers.ts';
import { cmsisLayers, quantizedMultiplier } from './cmsis-layers.ts';

describe('quantizedMultiplier', () => {
  it.each([0.75, 0.5, 1, 0.001234, 3.7, 0.9999999999])('is %d, with 30 bits', (m) => {
    const { multiplier, shift } = quantizedMultiplier(m);
    expect(multiplier).toBeGreaterThanOrEqual(2 ** 30);
    expect(multiplier).toBeLessThan(2 ** 31);
    expect(multiplier * 2 ** (shift - 31)).toBeCloseTo(m, 8);
  });
});

describe('cmsisLayers', () => {
  it('calls a function for each layer, with channels last', () => {
    const d = new LayerDrawer('small', 2, 4);
    const x = d.depthwise(d.convolution(whole(d.image), 4, { kernel: 3 }));
    const layers = cmsisLayers(d.network(d.scores(d.pool(x, [4, 4], 1), 3)), { scale: 0.1 });
    expect(layers.map(({ call }) => /^\w+/.exec(call)![0])).toEqual([
      ...['arm_convolve_wrapper_s8', 'arm_depthwise_conv_wrapper_s8', 'arm_avgpool_s8'],
      'arm_fully_connected_per_channel_s8',
    ]);
    const { weights } = d.layers[0] as Extract<(typeof d.layers)[number], { kind: 'convolution' }>;
    // filter 0, tap 0: channel 0, then channel 1, whose taps are 9 further
    const [first, second] = [weights.values[0], weights.values[9]];
    expect(layers[0]!.constants).toContain(`weights_0[72] = {\n    ${first}, ${second},`);
  });

  it('refuses parts of tensors', () => {
    const d = new LayerDrawer('bank', 4, 4);
    const y = whole(d.tensor(6, 4, 4));
    d.convolution(whole(d.image), 2, { into: { ...y, channels: 2 } });
    d.convolution(whole(d.image), 4, { into: { tensor: y.tensor, channel: 2, channels: 4 } });
    expect(() => cmsisLayers(d.network(y), { scale: 1 })).toThrow('a part of a tensor');
  });
});
