/** Every architecture, compressed and in 8 bits, on arrays: what the programs compute is what the layers mean. */

import { describe, expect, test } from 'vitest';
import {
  type ArrayParameters,
  compileNetwork,
  defaultArray,
  loadImages,
  macArray,
  simulate,
  timelineOf,
} from '../../src/accelerator/index.ts';
import { exportOnnx } from '../../src/export/onnx/export-onnx.ts';
import { evaluateNetwork, readIntegerNetwork } from '../../src/integer/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { drawnImage } from '../integer-networks.ts';
import { calibration, deployed } from './export-helper.ts';

const arrays: [string, ArrayParameters][] = [
  ['lists', { ...defaultArray, images: 1 }],
  ['trits', { ...defaultArray, ternary: 'trits', copies: 1, lanes: 8, images: 1 }],
  ['MACs', { ...macArray, macs: 2, images: 1 }],
];

describe.each([
  ['mobilenet-v1', 'hybrid'],
  ['mobilenet-v2', 'hybrid'],
  ['resnet-20', 'hybrid'],
  ['ds-cnn', 'strassen'],
] as const)('%s, %s', (model, method) => {
  test('by lists, trits and MACs only', async () => {
    const exported = await exportOnnx(deployed(model, { method }), { activations: 'int8', calibration });
    const network = readIntegerNetwork(readModel(writeModel(exported)));
    const image = drawnImage(network, 1);
    const expected = [...evaluateNetwork(network, image)[network.output.tensor.id]!];
    const times = arrays.map(([name, array]) => {
      const compiled = compileNetwork(network, array);
      const { outputs } = simulate(compiled, loadImages(compiled, [image]));
      expect([name, [...outputs[0]!]]).toEqual([name, expected]);
      return timelineOf(compiled).cycles;
    });
    expect(Math.min(...times)).toBeGreaterThan(0);
  });
});
