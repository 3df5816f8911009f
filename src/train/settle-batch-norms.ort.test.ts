import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../test/evaluate.ts';
import { small, smallNetwork, smallNormalisation, smallOptions } from '../../test/ort/train-small.ts';
import { takePixels } from '../classifier/index.ts';
import { MemorySplit } from '../data/index.ts';
import { compileProgram } from '../engine/index.ts';
import { type Graph, Random, scalar, type Tensor, toNumbers } from '../ir/index.ts';
import { foldBatchNorm, inferShapes, insertBatchNorm } from '../passes/index.ts';
import {
  applyPlan,
  type Factors,
  initialState,
  loadState,
  type Plan,
  type QuantizedNetwork,
  toFrozen,
  toTernary,
} from '../quantize/index.ts';
import { hiddenNorms, settleBatchNorms } from './settle-batch-norms.ts';
import { buildStep } from './step.ts';

const { batch, channels, size, classes } = small;
const random = new Random(9, 'images');
const pixels = Uint8Array.from({ length: batch * channels * size * size }, () => random.int(256));
const labels = Int32Array.from({ length: batch }, (_, i) => i % classes);
const split = new MemorySplit('images', { channels, height: size, width: size }, pixels, labels, classes);
const images: Tensor = { dtype: 'uint8', dims: [batch, channels, size, size], data: pixels };

const plan: Plan = {
  layers: {
    conv: { method: 'hybrid', fullPrecision: [0, 1], hidden: 5 },
    pointwise: { method: 'strassen', fullPrecision: [], hidden: 6 },
  },
};
const factors = new Map<string, Factors>([
  ['conv', { wb: ternary(1, [5, 3, 3, 3]), wc: ternary(2, [4, 5, 1, 1]), a: [0.1, -0.2, 0.3, 0.1, 0.2] }],
  ['pointwise', { wb: ternary(3, [6, 6, 1, 1]), wc: ternary(4, [8, 6, 1, 1]), a: [0.3, 0.2, -0.1, 0.2, 0.3, 0.1] }],
]);

/** A network without batch norms, rewritten and with its factors. */
function given(): QuantizedNetwork {
  const base = smallNetwork();
  foldBatchNorm(base);
  const quantized = applyPlan(inferShapes(base), plan, 1, { factors: 'zero' });
  loadState(quantized.graph, initialState(quantized, factors));
  return quantized;
}

function scores(network: Graph): number[] {
  const graph = network.clone();
  takePixels(graph, batch, smallNormalisation);
  return evaluate(inferShapes(graph), { images });
}

async function settled(): Promise<QuantizedNetwork> {
  const network = given();
  const names = [...hiddenNorms(network), ...insertBatchNorm(network.graph)];
  expect(names).toEqual(['conv_hidden_bn', 'pointwise_hidden_bn', 'conv_bn', 'depthwise_bn', 'pointwise_bn']);
  const options = { batchSize: batch, count: 1, seed: 1, normalisation: smallNormalisation, size };
  const state = await settleBatchNorms(network, split, options, names);
  loadState(network.graph, state);
  return network;
}

describe('settleBatchNorms', async () => {
  const expected = scores(given().graph);
  const network = await settled();

  it('leaves what the network computes, frozen too', () => {
    expect(relativeError(scores(network.graph), expected)).toBeLessThan(1e-5);
    const frozen = toFrozen(network, new Map());
    expect(relativeError(scores(frozen.graph), expected)).toBeLessThan(1e-5);
  });

  it('has means and variances of what the batch norms read', () => {
    const node = network.graph.nodes.find((n) => n.name === 'pointwise_hidden')!;
    const upTo = network.graph.clone();
    upTo.outputs = [upTo.value(node.output().name)];
    const values = scores(upTo);
    const hidden = 6;
    const plane = values.length / batch / hidden;
    const [means, variances] = ['mean', 'variance'].map((s) =>
      toNumbers(network.graph.value(`pointwise_hidden_${s}`).constant!),
    );
    for (let c = 0; c < hidden; c++) {
      const own = values.filter((_, i) => Math.floor(i / plane) % hidden === c);
      const mean = own.reduce((a, b) => a + b, 0) / own.length;
      const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length;
      expect(means![c]).toBeCloseTo(mean, 5);
      expect(variances![c]).toBeCloseTo(variance, 5);
    }
  });

  it.each([
    ['ternary', () => toTernary(network)],
    ['frozen', () => toFrozen(network, new Map())],
  ])('so that the first step, %s, has the loss of inference', async (_, phase) => {
    const { graph, fixed } = phase();
    const built = buildStep(graph, { ...smallOptions, frozen: fixed });
    const program = await compileProgram(built.graph, built.slots);
    const targets = new Float32Array(batch * classes);
    for (const [row, label] of labels.entries()) targets[row * classes + label] = 1;
    const result = await program.step({
      images,
      targets: { dtype: 'float32', dims: [batch, classes], data: targets },
      learning_rate: scalar(0.1),
      step: scalar(1),
    });
    await program.release();
    const rows = Array.from({ length: batch }, (_, i) => expected.slice(i * classes, (i + 1) * classes));
    const losses = rows.map((row, i) => Math.log(row.reduce((s, v) => s + Math.exp(v), 0)) - row[labels[i]!]!);
    const loss = losses.reduce((a, b) => a + b, 0) / batch;
    expect(toNumbers(result.loss!)[0]).toBeCloseTo(loss, 4);
  });
});

it('gives other batch norms statistics alone, of inputs that are restored before them', async () => {
  const names = ['conv_bn', 'depthwise_bn', 'pointwise_bn'];
  const network = given();
  expect(insertBatchNorm(network.graph)).toEqual(names);
  for (const [i, name] of names.entries()) {
    const { dims } = network.graph.value(`${name}_scale`);
    network.graph.value(`${name}_scale`).constant = normal(10 + i, dims);
    network.graph.value(`${name}_shift`).constant = normal(20 + i, dims);
  }
  const options = { batchSize: batch, count: 1, seed: 1, normalisation: smallNormalisation, size };
  const state = await settleBatchNorms(network, split, options);
  expect(names.some((name) => state.has(`${name}_scale`) || state.has(`${name}_shift`))).toBe(false);
  loadState(network.graph, state);
  for (const [i, name] of names.entries()) {
    const upTo = network.graph.clone();
    upTo.outputs = [upTo.nodes.find((n) => n.name === name)!.output()];
    const values = scores(upTo);
    const channelCount = network.graph.value(`${name}_scale`).dims[0]!;
    const plane = values.length / batch / channelCount;
    const [scale, shift] = [toNumbers(normal(10 + i, [channelCount])), toNumbers(normal(20 + i, [channelCount]))];
    const variances = toNumbers(state.get(`${name}_variance`)!);
    for (let c = 0; c < channelCount; c++) {
      const own = values.filter((_, k) => Math.floor(k / plane) % channelCount === c);
      const mean = own.reduce((a, b) => a + b, 0) / own.length;
      const deviation = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length);
      expect(mean).toBeCloseTo(shift[c]!, 3);
      // sqrt(v) / sqrt(v + eps) of it where a channel varies little
      expect(deviation).toBeCloseTo(Math.abs(scale[c]!) * Math.sqrt(variances[c]! / (variances[c]! + 1e-5)), 3);
    }
  }
});
