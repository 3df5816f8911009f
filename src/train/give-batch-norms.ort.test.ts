import { expect, it } from 'vitest';
import { evaluate, relativeError, ternary } from '../../test/evaluate.ts';
import { small, smallNetwork, smallNormalisation } from '../../test/ort/train-small.ts';
import { takePixels } from '../classifier/index.ts';
import { MemorySplit } from '../data/index.ts';
import { type Graph, printGraph, Random, type Tensor } from '../ir/index.ts';
import { foldBatchNorm, inferShapes } from '../passes/index.ts';
import {
  applyPlan,
  deploy,
  initialState,
  loadState,
  type Plan,
  type QuantizedNetwork,
  toFrozen,
} from '../quantize/index.ts';
import { type BatchNormOptions, giveBatchNorms } from './give-batch-norms.ts';
import { reestimate } from './reestimate.ts';

const { batch, channels, size, classes } = small;
const random = new Random(4, 'images');
const pixels = Uint8Array.from({ length: batch * channels * size * size }, () => random.int(256));
const split = new MemorySplit('x', { channels, height: size, width: size }, pixels, new Int32Array(batch), classes);
const images: Tensor = { dtype: 'uint8', dims: [batch, channels, size, size], data: pixels };

const plan: Plan = { layers: { pointwise: { method: 'hybrid', fullPrecision: [0, 1], hidden: 7 } } };

const options = { batchSize: batch, count: 1, seed: 1, normalisation: smallNormalisation, size } as const;

/** A network with statistics of its own, and a poor decomposition of one of its layers. */
async function given(fold = true): Promise<{ base: Graph; quantized: QuantizedNetwork }> {
  const base = smallNetwork();
  loadState(base, await reestimate(base, split, options));
  if (fold) foldBatchNorm(base);
  const quantized = applyPlan(inferShapes(base), plan, 1, { factors: 'zero' });
  const factors = { wb: ternary(1, [7, 6, 1, 1]), wc: ternary(2, [6, 7, 1, 1]), a: [9, 2, -5, 1, 3, 1, 2] };
  loadState(quantized.graph, initialState(quantized, new Map([['pointwise', factors]])));
  return { base, quantized };
}

/** Values of the node called `name`, per channel. */
function channelsAt(network: Graph, name: string): number[][] {
  const graph = network.clone();
  takePixels(graph, batch, smallNormalisation);
  graph.outputs = [graph.nodes.find((n) => n.name === name)!.output()];
  const values = evaluate(inferShapes(graph), { images });
  const count = graph.outputs[0]!.dims[1]!;
  const plane = values.length / batch / count;
  return Array.from({ length: count }, (_, c) => values.filter((_, i) => Math.floor(i / plane) % count === c));
}

const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
const deviation = (v: readonly number[]) => Math.sqrt(mean(v.map((x) => (x - mean(v)) ** 2)));

const give = (
  { base, quantized }: { base: Graph; quantized: QuantizedNetwork },
  batchNorm: BatchNormOptions['batchNorm'],
) => giveBatchNorms(quantized, base, split, { ...options, batchNorm });

it('restores means and deviations of the original, the filters that were decomposed included', async () => {
  const task = await given();
  const texts = [printGraph(task.base), printGraph(task.quantized.graph)];
  const network = await give(task, 'restore');
  expect([printGraph(task.base), printGraph(task.quantized.graph)]).toEqual(texts);
  const [original, lost] = [channelsAt(task.base, 'pointwise'), channelsAt(task.quantized.graph, 'pointwise_bank')];
  const restored = channelsAt(network.graph, 'pointwise_bn');
  for (const [c, values] of original.entries()) {
    expect(mean(restored[c]!)).toBeCloseTo(mean(values), 4);
    expect(deviation(restored[c]!) / deviation(values)).toBeCloseTo(1, 2);
    if (c < 2) expect(relativeError(restored[c]!, values)).toBeLessThan(1e-3);
    else expect(deviation(lost[c]!) / deviation(values)).toBeGreaterThan(1.5);
  }
  const exported = deploy(toFrozen(network, new Map()), new Map());
  expect(exported.nodes.some((n) => n.op === 'BatchNormalization')).toBe(false);
  const logits = channelsAt(network.graph, 'logits').flat();
  expect(relativeError(channelsAt(exported, 'logits').flat(), logits)).toBeLessThan(1e-4);
});

it.each(['insert', 'scale', 'keep'] as const)('leaves the function alone otherwise: %s', async (batchNorm) => {
  const task = await given();
  const { graph } = await give(task, batchNorm);
  const expected = channelsAt(task.quantized.graph, 'logits').flat();
  expect(relativeError(channelsAt(graph, 'logits').flat(), expected)).toBeLessThan(1e-4);
  const norms = graph.nodes.filter((n) => n.op === 'BatchNormalization').map((n) => n.name);
  const hidden = 'pointwise_hidden_bn';
  expect(norms).toEqual(batchNorm === 'insert' ? ['conv_bn', 'depthwise_bn', hidden, 'pointwise_bn'] : [hidden]);
});

it('has batch norms of the original restore it too', async () => {
  const { base, quantized } = await given(false);
  const { graph } = await give({ base, quantized }, 'restore');
  const [before, after] = [channelsAt(base, 'pointwise_bn'), channelsAt(graph, 'pointwise_bn')];
  const lost = channelsAt(quantized.graph, 'pointwise_bn');
  for (const [c, v] of before.entries()) {
    expect(mean(after[c]!)).toBeCloseTo(mean(v), 3);
    if (c >= 2) expect(Math.abs(deviation(lost[c]!) / deviation(v) - 1)).toBeGreaterThan(0.5);
    expect(deviation(after[c]!) / deviation(v)).toBeCloseTo(1, 2);
  }
});
