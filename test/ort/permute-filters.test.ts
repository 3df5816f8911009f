/** Whole networks in ONNX Runtime, with the filters of all layers in random orders: their outputs stay the same. */

import { describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/index.ts';
import { f32, type Graph, ints, type Node, Random, type Tensor, type Value, verify } from '../../src/ir/index.ts';
import { type ArchitectureOptions, buildNetwork, NetworkBuilder } from '../../src/models/index.ts';
import { readModel } from '../../src/onnx/index.ts';
import { foldBatchNorm, inferShapes, permuteFilters } from '../../src/passes/index.ts';
import { findLayers } from '../../src/quantize/index.ts';
import { normal, relativeError } from '../evaluate.ts';
import { classifiers } from '../fixtures/classifiers.ts';

const options: ArchitectureOptions = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 };

/** Values about 1 for scales and variances, about 0 for means, shifts and biases: no two channels are alike. */
function perturb(graph: Graph): Graph {
  for (const value of graph.initializers) {
    const [reader] = value.uses;
    if (!reader || value.dtype !== 'float32' || value.shape.length !== 1) continue;
    const slot = reader.inputs.indexOf(value);
    const centre = reader.op === 'BatchNormalization' && (slot === 1 || slot === 4) ? 1 : 0;
    const random = new Random(9, value.name);
    const draw = () => centre + 0.4 * (2 * random.float() - 1);
    value.constant = f32(value.dims, Float32Array.from({ length: value.dims[0]! }, draw));
  }
  return inferShapes(graph);
}

async function run(graph: Graph, input: Tensor): Promise<Float32Array> {
  const executable = await compile(verify(graph), { threads: 1 });
  const outputs = await executable.run({ input });
  await executable.release();
  return outputs.logits!.data as Float32Array;
}

const shuffled = (node: Node): number[] => {
  const random = new Random(5, node.name);
  const order = Array.from({ length: node.output().shape[1] as number }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
};

/** Puts the filters of `layers` into random orders; the names of the layers whose order a Gather restores. */
function shuffleAll(graph: Graph, layers: readonly Node[]): string[] {
  const restored = layers.filter((node) => !permuteFilters(graph, node, shuffled(node)).absorbed).map((n) => n.name);
  expect(graph.nodes.filter((n) => n.op === 'Gather')).toHaveLength(restored.length);
  return restored;
}

const banks = (graph: Graph) => graph.nodes.filter((n) => n.op === 'Conv' && n.int('group', 1) === 1);
const numbered = (count: number, name: (i: number) => string) => Array.from({ length: count }, (_, i) => name(i + 1));

describe.each<[string, number, number, string[]]>([
  // the last one is the classifier, whose scores are the output
  ['mobilenet-v1', 0.25, 15, ['classifier']],
  ['ds-cnn', 1, 6, ['classifier']],
  // the first layer and each block's second one end in an Add; their first ones go into the second ones
  ['resnet-20', 1, 20, ['conv', ...numbered(9, (i) => `block_${i}_conv_2`), 'classifier']],
])('%s', (model, width, count, expected) => {
  it.each(['as built', 'with batch norms folded'])('computes the same, %s', async (form) => {
    const graph = perturb(buildNetwork(model, { ...options, width }));
    if (form !== 'as built') foldBatchNorm(graph);
    const input = normal(5, [2, 3, 32, 32]);
    const before = await run(graph, input);
    expect(relativeError(before.slice(10), before.slice(0, 10))).toBeGreaterThan(1e-3); // images differ
    const layers = banks(graph);
    expect(layers).toHaveLength(count);
    expect(shuffleAll(graph, layers)).toEqual(expected);
    expect(relativeError(await run(graph, input), before)).toBeLessThan(1e-5);
  });
});

/** MobileNet-V3's block: expand, depthwise 3x3, squeeze-and-excite, project. */
function block(network: NetworkBuilder, name: string, x: Value, hidden: number, filters: number): Value {
  const { build: b } = network;
  const wide = b.op('HardSwish', [network.conv(`${name}_expand`, x, { filters: hidden, kernel: 1, bias: true })]);
  const depthwise = { filters: hidden, kernel: 3, groups: hidden, bias: true };
  const y = b.op('HardSwish', [network.batchNorm(`${name}_bn`, network.conv(`${name}_dw`, wide, depthwise))]);
  const squeezed = b.reduceMean(y, [2, 3], true);
  const few = b.relu(network.conv(`${name}_squeeze`, squeezed, { filters: hidden / 4, kernel: 1, bias: true }));
  const gate = b.op('HardSigmoid', [network.conv(`${name}_excite`, few, { filters: hidden, kernel: 1, bias: true })]);
  return network.conv(`${name}_project`, b.mul(y, gate), { filters, kernel: 1 });
}

it('computes the same in a network with squeeze-and-excite, a residual Add, a pool and a classifier over pixels', async () => {
  const network = new NetworkBuilder('squeeze', 7);
  const { build: b, graph } = network;
  let x = network.convBlock('conv', network.input(3, 32), { filters: 16, kernel: 3, stride: 2 });
  x = block(network, 'one', x, 32, 24);
  x = network.add('two', block(network, 'two', x, 48, 24), x);
  x = b.op('MaxPool', [network.convBlock('last', x, { filters: 40, kernel: 1 })], {
    kernel_shape: ints([4, 4]),
    strides: ints([4, 4]),
  });
  const weight = b.constant('fc_weight', normal(2, [10, 40 * 4 * 4]));
  const y = b.op('Flatten', [b.gemm(b.op('Flatten', [x]), weight, { transB: true })], {}, 'logits');
  graph.outputs = [y];
  perturb(graph);
  const input = normal(6, [2, 3, 32, 32]);
  const before = await run(graph, input);
  const layers = banks(graph);
  const names = layers.map((n) => n.name);
  // the gates' own layers come last: theirs is an order that needs a Gather before the product
  const gates = layers.filter((n) => n.name.endsWith('excite'));
  const others = layers.filter((n) => !gates.includes(n));
  const moved = others.flatMap((node) => [...permuteFilters(graph, node, shuffled(node)).moved.keys()]);
  expect(moved).toEqual(['one_dw', 'one_excite', 'two_dw', 'two_excite']);
  expect(relativeError(await run(graph, input), before)).toBeLessThan(1e-5);
  // both projections that the Add joins; every other order is taken up
  expect(graph.nodes.filter((n) => n.op === 'Gather').map((n) => n.name)).toEqual([
    'one_project_restored',
    'two_project_restored',
  ]);
  for (const node of gates) expect(permuteFilters(graph, node, shuffled(node)).absorbed).toBe(false);
  expect(graph.nodes.filter((n) => n.op === 'Gather')).toHaveLength(4);
  expect(relativeError(await run(graph, input), before)).toBeLessThan(1e-5);
  expect(banks(graph).map((n) => n.name)).toEqual(names);
});

/** In stages of two and more blocks, all projections end in a residual Add; the first block's and the last one's do not. */
const projections = numbered(15, (i) => `block_${i}_project`);
const restoredIn = { V1: [], V2: projections } as const;
const pointwiseLayers = { V1: 13, V2: 34 } as const;

it.each(classifiers)('$name computes the same', async ({ read, size, family }) => {
  const graph = inferShapes(readModel(await read()));
  const input = normal(8, [2, 3, size, size]);
  const before = await run(graph, input);
  const layers = findLayers(graph).filter((l) => l.kind === 'pointwise');
  expect(layers).toHaveLength(pointwiseLayers[family]);
  const restored = shuffleAll(
    graph,
    layers.map((l) => l.node),
  );
  expect(restored).toEqual(restoredIn[family]);
  const after = await run(graph, input);
  const range = Math.max(...before) - Math.min(...before);
  const error = before.reduce((most, v, i) => Math.max(most, Math.abs(v - after[i]!)), 0);
  expect(error / range).toBeLessThan(1e-3);
});
