/** Files of other formats, damaged byte by byte, or in their JSON: read, and then tried as ONNX models are. */

import { join } from 'node:path';
import { tidy } from '../../../src/formats/index.ts';
import { writeModel } from '../../../src/onnx/index.ts';
import { readTfjs } from '../../../src/tfjs/index.ts';
import { readTflite } from '../../../src/tflite/index.ts';
import { network, numberFormats, operatorCases } from '../../../test/fixtures/tflite-cases.ts';
import { writeTflite } from '../../../test/fixtures/tflite-writer.ts';
import { mutateFile, mutateText } from '../mutate.ts';
import { encode, type Target } from '../target.ts';
import { tryModel } from './try-model.ts';

const models = [...numberFormats.map(network), ...Object.values(operatorCases)].map(writeTflite);

export const tflite: Target = {
  name: 'tflite',
  seeds: () => models.map((bytes) => ({ 'model.tflite': bytes })),
  mutate: mutateFile,
  run: async (files, trial) => {
    const graph = tidy(readTflite(files['model.tflite']!));
    return tryModel(writeModel(graph), trial);
  },
  command: (folder) => ['inspect', join(folder, 'model.tflite')],
};

const layer = (kind: string, config: object) => ({ class_name: kind, config });
const weight = (name: string, shape: readonly number[], quantization?: object) => ({
  name,
  shape,
  dtype: 'float32',
  ...(quantization && { quantization }),
});

/** Convolution, batch norm, mean, dense layer; one weight in 8 bits. */
const json = {
  format: 'layers-model',
  modelTopology: {
    class_name: 'Sequential',
    config: {
      name: 'network',
      layers: [
        layer('Conv2D', {
          name: 'conv',
          batch_input_shape: [null, 8, 8, 3],
          filters: 4,
          kernel_size: [3, 3],
          strides: [2, 2],
          padding: 'same',
          activation: 'relu',
        }),
        layer('BatchNormalization', { name: 'bn', axis: [3], epsilon: 0.001 }),
        layer('GlobalAveragePooling2D', { name: 'mean' }),
        layer('Dense', { name: 'scores', units: 5, activation: 'softmax' }),
      ],
    },
  },
  weightsManifest: [
    {
      paths: ['weights.bin'],
      weights: [
        weight('conv/kernel', [3, 3, 3, 4], { dtype: 'uint8', scale: 0.01, min: -1 }),
        weight('conv/bias', [4]),
        ...['gamma', 'beta', 'moving_mean', 'moving_variance'].map((name) => weight(`bn/${name}`, [4])),
        weight('scores/kernel', [4, 5]),
        weight('scores/bias', [5]),
      ],
    },
  ],
};
const weights = Uint8Array.from({ length: 108 + 4 * (5 * 4 + 25) }, (_, i) => (i < 108 ? i : i % 4 === 3 ? 0x3e : i));

export const tfjs: Target = {
  name: 'tfjs',
  seeds: () => [{ 'model.json': encode(JSON.stringify(json)), 'weights.bin': weights }],
  mutate: (random, files) => {
    const { 'model.json': model, ...rest } = files;
    return random.int(4) === 0
      ? mutateFile(random, files)
      : { ...rest, ...mutateText(random, { 'model.json': model! }) };
  },
  run: async (files, trial) => {
    const graph = tidy(await readTfjs(files['model.json']!, async () => files['weights.bin']!));
    return tryModel(writeModel(graph), trial);
  },
  command: (folder) => ['inspect', join(folder, 'model.json')],
};
