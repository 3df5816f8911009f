/** Layers models of TensorFlow.js against TensorFlow.js itself: made, saved and run here. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/index.ts';
import { tidy } from '../../src/formats/index.ts';
import { f32, type Graph, toNumbers } from '../../src/ir/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import { findLayers } from '../../src/quantize/index.ts';
import { readTfjs } from '../../src/tfjs/index.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

interface Saved {
  readonly json: Record<string, unknown>;
  readonly weights: Uint8Array;
}

async function save(model: tf.LayersModel): Promise<Saved> {
  let saved: Saved | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    const { modelTopology, weightSpecs, weightData } = artifacts;
    const weights = new Uint8Array(tf.io.concatenateArrayBuffers([weightData as ArrayBuffer]));
    const weightsManifest = [{ paths: ['a.bin', 'shards/b.bin'], weights: weightSpecs }];
    saved = { json: { format: 'layers-model', modelTopology, weightsManifest }, weights };
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } };
  });
  await model.save(handler);
  return saved!;
}

const encode = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

/** Reads a saved model, its weights in two shards that part a tensor. */
async function read({ json, weights }: Saved): Promise<Graph> {
  const cut = Math.floor(weights.length / 2) - 1;
  const shards: Record<string, Uint8Array> = { 'a.bin': weights.slice(0, cut), 'shards/b.bin': weights.slice(cut) };
  return tidy(await readTfjs(encode(json), async (path) => shards[path]!));
}

const wave = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1)));

/** Weights that are no zeros and ones, with variances above 0. */
function drawWeights(model: tf.LayersModel): void {
  const weights = model.weights.map(({ name, shape }, k) => {
    const count = (shape as number[]).reduce((a, b) => a * b, 1);
    const values = wave(count).map((v) => Math.sin(9 * v + k) / 2);
    return tf.tensor(/variance/.test(name) ? values.map((v) => 0.5 + v * v) : values, shape as number[]);
  });
  model.setWeights(weights);
}

async function expectSame(model: tf.LayersModel, allowed = 1e-5): Promise<Graph> {
  drawWeights(model);
  const dims = model.inputs[0]!.shape.map((d) => d ?? 2);
  const x = tf.tensor(wave(dims.reduce((a, b) => a * b, 1)), dims);
  const expected = Array.from(await (model.predict(x) as tf.Tensor).data());
  const graph = await read(await save(model));
  const fed = dims.length === 4 ? x.transpose([0, 3, 1, 2]) : x;
  const engine = await compile(graph, { threads: 1 });
  const outputs = await engine.run({ [graph.inputs[0]!.name]: f32(fed.shape, await fed.data()) });
  await engine.release();
  const found = toNumbers(outputs[graph.outputs[0]!.name]!);
  expect(found.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  const worst = Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)));
  expect(worst / scale).toBeLessThan(allowed);
  return graph;
}

const image = [7, 6, 3];
const { layers } = tf;

/** One layer of an image, or of a row. */
const cases: Readonly<Record<string, () => tf.layers.Layer>> = {
  'activation, every one': () => layers.activation({ activation: 'softplus', inputShape: image }),
  'average pooling, same': () =>
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same', inputShape: image }),
  'batch normalization': () => layers.batchNormalization({ inputShape: image }),
  'batch normalization of a row': () => layers.batchNormalization({ scale: false, inputShape: [6] }),
  'convolution, same, stride 2': () =>
    layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu6', inputShape: image }),
  'convolution, valid, without bias': () =>
    layers.conv2d({ filters: 4, kernelSize: [2, 3], useBias: false, inputShape: image }),
  'convolution, dilated': () =>
    layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: 'same', inputShape: [9, 9, 3] }),
  'transposed convolution, same': () =>
    layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', inputShape: image }),
  'transposed convolution, valid': () =>
    layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, inputShape: image }),
  cropping: () =>
    layers.cropping2D({
      cropping: [
        [1, 0],
        [0, 2],
      ],
      inputShape: image,
    }),
  dense: () => layers.dense({ units: 4, activation: 'tanh', inputShape: [6] }),
  'dense, of an image': () => layers.dense({ units: 4, inputShape: image }),
  'depthwise convolution, multiplier 2': () =>
    layers.depthwiseConv2d({ kernelSize: 3, strides: 2, depthMultiplier: 2, padding: 'same', inputShape: image }),
  dropout: () => layers.dropout({ rate: 0.5, inputShape: image }),
  elu: () => layers.elu({ inputShape: image }),
  flatten: () => layers.flatten({ inputShape: image }),
  'global average pooling': () => layers.globalAveragePooling2d({ inputShape: image, dataFormat: 'channelsLast' }),
  'global max pooling': () => layers.globalMaxPooling2d({ inputShape: image, dataFormat: 'channelsLast' }),
  'layer normalization': () => layers.layerNormalization({ inputShape: image }),
  'leaky relu': () => layers.leakyReLU({ alpha: 0.1, inputShape: image }),
  'max pooling': () => layers.maxPooling2d({ poolSize: 2, inputShape: image }),
  permute: () => layers.permute({ dims: [3, 1, 2], inputShape: image }),
  prelu: () => layers.prelu({ sharedAxes: [1, 2], inputShape: image }),
  relu: () => layers.reLU({ maxValue: 0.5, inputShape: image }),
  reshape: () => layers.reshape({ targetShape: [6, 21], inputShape: image }),
  'separable convolution': () =>
    layers.separableConv2d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: image }),
  softmax: () => layers.softmax({ inputShape: [6] }),
  'up-sampling, nearest': () => layers.upSampling2d({ size: [2, 3], inputShape: image }),
  'up-sampling, bilinear': () => layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear', inputShape: image }),
  'zero padding': () =>
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [2, 1],
      ],
      inputShape: image,
    }),
};

describe('a layer is what TensorFlow.js computes', () => {
  it.each(Object.entries(cases))('%s', async (_, make) => {
    await expectSame(tf.sequential({ layers: [make()] }));
  });

  it.each([
    'elu',
    'hardSigmoid',
    'linear',
    'relu',
    'relu6',
    'selu',
    'sigmoid',
    'softmax',
    'softsign',
    'tanh',
    'swish',
    'mish',
    'gelu',
    'gelu_new',
    'logSoftmax',
  ] as const)('activation %s', async (activation) => {
    // Keras's approximations of gelu differ from ONNX's in the last digits
    await expectSame(
      tf.sequential({ layers: [layers.activation({ activation: activation as 'relu', inputShape: [6] })] }),
    );
  });

  it.each(['add', 'average', 'concatenate', 'maximum', 'minimum', 'multiply'] as const)(
    '%s of branches',
    async (kind) => {
      const x = tf.input({ shape: image });
      const branch = (name: string) => layers.conv2d({ filters: 3, kernelSize: 1, name }).apply(x) as tf.SymbolicTensor;
      const joined = layers[kind]().apply([branch('left'), x, branch('right')]) as tf.SymbolicTensor;
      await expectSame(tf.model({ inputs: x, outputs: joined }));
    },
  );
});

/** A MobileNet of a few layers, as Keras builds it: padding in front of the strides, ReLU6, no bias. */
function mobilenet(): tf.LayersModel {
  const x = tf.input({ shape: [32, 32, 3], name: 'image' });
  const apply = (layer: tf.layers.Layer, y: tf.SymbolicTensor) => layer.apply(y) as tf.SymbolicTensor;
  const settle = (y: tf.SymbolicTensor, name: string) =>
    apply(
      layers.reLU({ maxValue: 6, name: `${name}_relu` }),
      apply(layers.batchNormalization({ name: `${name}_bn` }), y),
    );
  const padded = apply(
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [0, 1],
      ],
    }),
    x,
  );
  let y = settle(
    apply(layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, useBias: false, name: 'conv1' }), padded),
    'conv1',
  );
  y = settle(apply(layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, name: 'dw1' }), y), 'dw1');
  y = settle(apply(layers.conv2d({ filters: 16, kernelSize: 1, useBias: false, name: 'pw1' }), y), 'pw1');
  y = apply(layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }), y);
  y = apply(layers.reshape({ targetShape: [1, 1, 16] }), y);
  y = apply(layers.dropout({ rate: 0.001 }), y);
  y = apply(layers.conv2d({ filters: 10, kernelSize: 1, name: 'preds' }), y);
  y = apply(layers.reshape({ targetShape: [10] }), y);
  return tf.model({ inputs: x, outputs: apply(layers.activation({ activation: 'softmax', name: 'scores' }), y) });
}

describe('a network', () => {
  it('is what TensorFlow.js computes, without transpositions, and can be compressed', async () => {
    const graph = normalizeNetwork(await expectSame(mobilenet()));
    expect(graph.nodes.filter(({ op }) => op === 'Transpose')).toEqual([]);
    expect(findLayers(graph).map(({ name }) => name)).toEqual(['conv1/conv', 'dw1/conv', 'pw1/conv', 'preds/conv']);
    expect(graph.inputs[0]!.shape).toEqual(['N', 3, 32, 32]);
  });

  it('is found inside of another one', async () => {
    const body = tf.sequential({
      name: 'body',
      layers: [layers.conv2d({ filters: 4, kernelSize: 3, inputShape: image }), layers.flatten()],
    });
    const x = tf.input({ shape: image });
    const features = body.apply(x) as tf.SymbolicTensor;
    const scores = layers.dense({ units: 3 }).apply(features) as tf.SymbolicTensor;
    await expectSame(tf.model({ inputs: x, outputs: scores }));
  });

  it('is read from quantized weights, as TensorFlow.js reads them', async () => {
    const model = tf.sequential({ layers: [layers.dense({ units: 3, inputShape: [4] })] });
    const { json } = await save(model);
    const stored = Uint8Array.from([
      ...Array.from({ length: 12 }, (_, i) => 20 * i),
      ...new Uint8Array(Uint16Array.of(1, 500, 65535).buffer),
    ]);
    const [group] = json.weightsManifest as { weights: Record<string, unknown>[] }[];
    group!.weights[0]!.quantization = { dtype: 'uint8', scale: 0.01, min: -1 };
    group!.weights[1]!.quantization = { dtype: 'uint16', scale: 0.0001, min: -3 };
    const loaded = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: json.modelTopology as object,
        weightSpecs: group!.weights as never,
        weightData: stored.buffer,
      }),
    );
    const x = [1, -2, 0.5, 3];
    const expected = Array.from(await (loaded.predict(tf.tensor2d([x])) as tf.Tensor).data());
    const graph = await read({ json, weights: stored });
    const engine = await compile(graph, { threads: 1 });
    const outputs = await engine.run({ [graph.inputs[0]!.name]: f32([1, 4], x) });
    await engine.release();
    for (const [i, value] of toNumbers(outputs[graph.outputs[0]!.name]!).entries())
      expect(value).toBeCloseTo(expected[i]!, 5);
  });
});

describe('what cannot be read is said', () => {
  it.each<[what: string, json: unknown, code: string, message: string]>([
    ['no JSON', undefined, 'E_FORMAT', 'expected JSON'],
    ['a graph model', { format: 'graph-model', modelTopology: { node: [] } }, 'E_UNSUPPORTED', 'tf2onnx'],
    ['no topology', { format: 'layers-model', weightsManifest: [] }, 'E_FORMAT', 'modelTopology'],
    [
      'layers without a rule',
      {
        modelTopology: {
          class_name: 'Sequential',
          config: {
            name: 'm',
            layers: [{ class_name: 'LSTM', config: { name: 'l', batch_input_shape: [null, 4, 2] } }],
          },
        },
        weightsManifest: [],
      },
      'E_UNSUPPORTED',
      'found LSTM',
    ],
  ])('%s', async (_, json, code, message) => {
    const bytes = json === undefined ? new TextEncoder().encode('{"modelTopology') : encode(json);
    const error = await readTfjs(bytes, async () => new Uint8Array(0), { name: 'm.json' }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(message);
    expect(String(error)).toContain('m.json');
  });

  it('weights that are missing, cut short, or elsewhere', async () => {
    const saved = await save(tf.sequential({ layers: [layers.dense({ units: 3, inputShape: [4], name: 'd' })] }));
    const cutShort = read({ ...saved, weights: saved.weights.slice(0, 20) });
    await expect(cutShort).rejects.toMatchObject({ code: 'E_FORMAT' });
    const [group] = saved.json.weightsManifest as { paths: string[]; weights: { name: string }[] }[];
    group!.weights[0]!.name = 'other/kernel';
    await expect(read(saved)).rejects.toThrow("expected a weight 'kernel'");
    group!.paths = ['../secret.bin'];
    await expect(read(saved)).rejects.toThrow("paths in the model's folder");
  });
});
