import { describe, expect, it } from 'vitest';
import { readTfjs } from './index.ts';

type Config = Readonly<Record<string, unknown>>;

/** Layers one after the other, the weights of each by name with their shapes. */
async function read(...layers: readonly [kind: string, config: Config, weights: Readonly<Record<string, number[]>>][]) {
  const entries = layers.flatMap(([, , weights], k) =>
    Object.entries(weights).map(([name, shape]) => ({ name: `l${k}/${name}`, shape, dtype: 'float32' })),
  );
  const json = {
    format: 'layers-model',
    modelTopology: {
      class_name: 'Sequential',
      config: {
        layers: layers.map(([kind, config], k) => ({
          class_name: kind,
          config: { name: `l${k}`, ...(k === 0 && { batch_input_shape: [null, 8, 8, 3] }), ...config },
        })),
      },
    },
    weightsManifest: [{ paths: ['all.bin'], weights: entries }],
  };
  const floats = entries.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return readTfjs(Buffer.from(JSON.stringify(json)), async () => new Uint8Array(4 * floats), { name: 'm' });
}

const conv = { filters: 4, kernel_size: [3, 3], use_bias: false };
const depthwise = { kernel_size: 3, depth_multiplier: 2, use_bias: false };
const separable = { filters: 5, kernel_size: 3, use_bias: false };

describe('weights', () => {
  it('of the stated sizes, or of sizes that nobody states, are taken', async () => {
    const graph = await read(
      ['Conv2D', conv, { kernel: [3, 3, 3, 4] }],
      ['DepthwiseConv2D', depthwise, { depthwise_kernel: [3, 3, 4, 2] }],
      ['SeparableConv2D', separable, { depthwise_kernel: [3, 3, 8, 1], pointwise_kernel: [1, 1, 8, 5] }],
      ['GlobalAveragePooling2D', {}, {}],
      ['Dense', { use_bias: false }, { kernel: [5, 7] }],
    );
    expect(graph.outputs[0]!.shape).toEqual(['N', 7]);
  });

  it.each<[string, string, Config, Readonly<Record<string, number[]>>]>([
    ['filters 6, found those for 4', 'Conv2D', { ...conv, filters: 6 }, { kernel: [3, 3, 3, 4] }],
    ['kernel_size 5 x 5, found those for 3 x 3', 'Conv2D', { ...conv, kernel_size: 5 }, { kernel: [3, 3, 3, 4] }],
    ['filters 6, found those for 4', 'Conv2DTranspose', { ...conv, filters: 6 }, { kernel: [3, 3, 4, 3] }],
    ['depth_multiplier 2, found those for 1', 'DepthwiseConv2D', depthwise, { depthwise_kernel: [3, 3, 3, 1] }],
    [
      'filters 5, found those for 9',
      'SeparableConv2D',
      separable,
      { depthwise_kernel: [3, 3, 3, 1], pointwise_kernel: [1, 1, 3, 9] },
    ],
    ['units 10, found those for 7', 'Dense', { units: 10, use_bias: false }, { kernel: [3, 7] }],
  ])('for %s are refused', async (message, kind, config, weights) => {
    const refused = read([kind, config, weights]);
    await expect(refused).rejects.toMatchObject({ code: 'E_MODEL' });
    await expect(read([kind, config, weights])).rejects.toThrow(message);
  });
});
