/**
 * Networks as exporters write them: what ONNX Runtime computes from a file has to be what it computes from the normalized
 * network, under the same names and in the same shapes, and of the exporter's ways of saying things none may be left.
 */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { examineLayers, findCandidates } from '../../src/compress/candidates.ts';
import { type Graph, printGraph } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/normalize/normalize-network.ts';
import { normal, relativeError } from '../evaluate.ts';
import { type ExportedModel, exporters, quantizedModel } from '../exporters.ts';
import { classifiers } from '../fixtures/classifiers.ts';

type Input = Pick<ExportedModel, 'bytes' | 'input' | 'dims'>;

async function run(bytes: Uint8Array, { input, dims }: Input, batch: number) {
  const options = { logSeverityLevel: 3, graphOptimizationLevel: 'basic', intraOpNumThreads: 1 } as const;
  const session = await InferenceSession.create(bytes, options);
  const x = normal(1, [batch, ...dims.slice(1)]);
  const results = await session.run({ [input]: new Tensor('float32', x.data, x.dims) });
  await session.release();
  return results;
}

/** The largest difference of any output, relative to the output's largest element; names and shapes have to agree. */
async function compare(graph: Graph, model: Input): Promise<number> {
  const batch = typeof graph.inputs[0]!.shape[0] === 'number' ? 1 : 3;
  const [expected, found] = [await run(model.bytes, model, batch), await run(writeModel(graph), model, batch)];
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  let error = 0;
  for (const [name, { data, dims }] of Object.entries(expected)) {
    expect(found[name]!.dims).toEqual(dims);
    const rows = Array.from(data as Float32Array);
    // images differ, so that a result that ignores them would not pass
    const width = rows.length / batch;
    if (batch > 1) expect(relativeError(rows.slice(0, width), rows.slice(width, 2 * width))).toBeGreaterThan(1e-3);
    error = Math.max(error, relativeError(found[name]!.data as Float32Array, rows));
  }
  return error;
}

/** What is left of each exporter's operators, and the layers. */
const expected: Readonly<Record<string, { readonly ops: string; readonly layers: string }>> = {
  'PyTorch, MobileNet-V3': {
    ops: 'Add Conv Flatten Gemm GlobalAveragePool HardSigmoid HardSwish Mul Relu',
    layers: 'first pointwise depthwise pointwise pointwise pointwise pointwise conv classifier',
  },
  'PyTorch before opset 12, MobileNet-V3': {
    ops: 'Add Clip Conv Div Flatten Gemm GlobalAveragePool Mul Relu',
    layers: 'first depthwise pointwise pointwise pointwise pointwise classifier',
  },
  'tf2onnx, not optimized': {
    // the input is channels last: it is scaled and transposed, once; a Reshape brings the gates to the channels
    ops: 'Add Clip Concat Conv Flatten Gemm GlobalAveragePool MaxPool Mul Relu Reshape Sigmoid Softmax Sub Transpose',
    layers: 'first depthwise pointwise conv conv conv pointwise classifier',
  },
  'tf2onnx, optimized': {
    ops: 'Add Clip Conv Flatten Gemm GlobalAveragePool Softmax Transpose',
    layers: 'first pointwise pointwise pointwise classifier',
  },
  'keras2onnx, ResNet': {
    ops: 'Add Clip Conv Flatten GlobalAveragePool MaxPool Relu Softmax Transpose',
    layers: 'first conv pointwise classifier',
  },
  'TFLite, DS-CNN': {
    ops: 'Conv Flatten Gemm GlobalAveragePool Relu Reshape Softmax',
    layers: 'first depthwise pointwise classifier',
  },
};

describe.each(Object.entries(exporters))('%s', (name, build) => {
  const model = build();
  const normalized = (batchNorms: 'fold' | 'keep') => normalizeNetwork(readModel(model.bytes), { batchNorms });

  it.each(['fold', 'keep'] as const)('computes the same, batch norms: %s', async (batchNorms) => {
    expect(await compare(normalized(batchNorms), model)).toBeLessThan(2e-6);
  });

  it('is normalized after one call', () => {
    for (const batchNorms of ['fold', 'keep'] as const) {
      const graph = normalized(batchNorms);
      expect(printGraph(normalizeNetwork(graph.clone(), { batchNorms }))).toBe(printGraph(graph));
    }
  });

  it('has nothing left of the exporter', () => {
    const graph = normalized('fold');
    const ops = graph.nodes.map((node) => node.op);
    expect([...new Set(ops)].sort().join(' ')).toBe(expected[name]!.ops);
    expect(ops.filter((op) => op === 'Transpose').length).toBeLessThanOrEqual(1);
    const layers = examineLayers(graph);
    expect(layers.map(({ kind }) => kind).join(' ')).toBe(expected[name]!.layers);
    const others = layers.filter(({ reason }) => reason !== undefined);
    expect(others.every(({ kind }) => kind === 'depthwise')).toBe(true);
    expect(findCandidates(graph)).toHaveLength(layers.length - others.length);
    const kept = normalized('keep').nodes.filter(({ op }) => op === 'BatchNormalization').length;
    expect(kept).toBe(readModel(model.bytes).nodes.filter(({ op }) => op === 'BatchNormalization').length);
  });
});

it('refuses a quantized model, and leaves it as it is', () => {
  const graph = readModel(quantizedModel().bytes);
  const before = printGraph(graph);
  expect(() => normalizeNetwork(graph)).toThrow(
    "model 'g': expected float weights, found a quantized model (2 QuantizeLinear nodes): compress the float model it was made from",
  );
  expect(printGraph(graph)).toBe(before);
});

it.each(classifiers)('$name computes the same', async ({ read, size, family }) => {
  const bytes = await read();
  const graph = normalizeNetwork(readModel(bytes));
  expect(await compare(graph, { bytes, input: 'input', dims: [1, 3, size, size] })).toBeLessThan(1e-4);
  expect(findCandidates(graph)).toHaveLength(family === 'V1' ? 15 : 36);
});
