/** A compression, as a report shows it: two layers, one of them a bank. */

import type { Analysis } from '../../src/compress/sensitivity.ts';
import type { CompressReport } from '../../src/report/index.ts';
import { makeCost, makeLayer } from './cost-records.ts';

const scheme = { packing: 'two-bit', filterBits: 16, depthwiseBits: 32, otherBits: 32, outputScaleBits: 0 } as const;
const conventions = { ternary: 'dense', biases: 'added', outputScales: 'left-out', elementwise: 'left-out' } as const;

// 8 filters of 16 weights: 256 bytes at 16 bits
export const conv = makeLayer({ name: 'conv', kind: 'conv', filters: 8, macs: 8000, bytes: 256 });
export const add = makeLayer({ name: 'Add', kind: 'other', additions: 500 });
export const before = makeCost([
  conv,
  makeLayer({ name: 'fc', kind: 'classifier', filters: 4, macs: 64, bytes: 128 }),
  add,
]);
const bank = { method: 'hybrid', fullPrecision: 2, hidden: 9, macs: 2000, products: 90, additions: 4000 } as const;
export const after = makeCost([
  { ...makeLayer({ ...conv, ...bank, bytes: 100 }), energy: 2890 },
  before.layers[1]!,
  add,
]);

export const result: CompressReport['result'] = {
  model: 'out/model.onnx',
  original: 'net.onnx',
  plan: {
    version: 2,
    model: 'net.onnx',
    budget: { size: 0.7, throughput: 0.9 },
    settings: { accelerator: 'paper', format: 'fp16', conventions, scheme },
    predicted: {
      size: 0.49,
      energy: 0.72,
      multiplications: 0.53,
      throughput: 0.95,
      loss: 0.0125,
      losses: { conv: 0.0125, fc: 0 },
    },
    layers: {
      conv: { method: 'hybrid', fullPrecision: [1, 6], hidden: 9 },
      fc: { method: 'fp' },
    },
  },
  network: 'out/network.onnx',
  relative: after.relative,
  bytes: 512,
  countedBytes: 228,
  forms: { activations: 'float', filters: 'fp16', ternary: 'five-trit' },
  runtime: { weightBytes: 2048, activationBytes: 1024, milliseconds: 1.5 },
  control: {
    model: 'out/control.onnx',
    forms: { activations: 'int8', filters: 'int8', ternary: 'five-trit' },
    bytes: 480,
    runtime: { weightBytes: 1536, activationBytes: 512, milliseconds: 0.75 },
    ...{ top1: 0.79, top5: 0.98, loss: 0.52, samples: 200 },
  },
  originalFile: { bytes: 1024 },
  accuracy: {
    before: { top1: 0.8, top5: 0.99, loss: 0.5, samples: 200 },
    after: { top1: 0.7975, top5: 0.985, loss: 0.5125, samples: 200 },
  },
  agreement: {
    share: 0.985,
    examples: [
      { image: 3, label: 0, before: 0, after: 1 },
      { image: 17, label: 1, before: 0, after: 1 },
      { image: 42, label: 2, before: 0, after: 1 },
    ],
  },
  seconds: { statistics: 2.04, train: 75 },
  config: {
    model: 'net.onnx',
    data: 'images',
    budget: { size: 0.7, throughput: 0.9 },
    accelerator: 'paper',
    activations: 'float',
    conventions,
    scheme,
    images: 256,
    method: 'train',
    init: 'decompose',
    training: {} as CompressReport['result']['config']['training'],
    seed: 7,
  },
  commands: ['tritbank compress net.onnx --out out'],
  command: "tritbank compress net.onnx --data 'images'",
  date: '2026-01-31T12:00:00Z',
};

export const analysis: Analysis = {
  version: 1,
  model: 'net',
  data: { name: 'images', images: 256 },
  lossUnit: 'nats',
  ratios: [1, 2],
  seed: 1,
  layers: [
    {
      name: 'conv',
      kind: 'conv',
      filters: 8,
      inputs: 16,
      widths: [8, 16],
      residuals: [
        [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.4, 0.1],
        [0.01, 0.02, 0.03, 0.01, 0.02, 0.03, 0.04, 0.01],
      ],
      importance: [1, 1, 1, 1, 1, 1, 1, 1],
      nonZero: [90, 180],
    },
  ],
  seconds: 3,
};

const image = { pixels: Uint8Array.from({ length: 12 }, (_, i) => 20 * i), channels: 3, height: 2, width: 2 };
export const samples: NonNullable<CompressReport['samples']> = [
  { ...image, label: 'cat', before: 'cat', after: 'dog & <b>' },
  { ...image, label: 'dog', before: 'cat', after: 'dog' },
  { ...image, label: 'cow', before: 'cat', after: 'dog' },
];
