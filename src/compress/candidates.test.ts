import { describe, expect, it } from 'vitest';
import { normal, ternary } from '../../test/evaluate.ts';
import { type Attributes, f32, float, Graph, int, ints, type Tensor, type Value } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan, deploy, makePlan, toFrozen } from '../quantize/index.ts';
import { examineLayers, findBroken, findCandidates, requireCandidates } from './candidates.ts';

function start() {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  return { graph, b, x: graph.input('x', 'float32', ['N', 6, 8, 8]) };
}

/** One convolution in front of a ReLU: kind, and why not. */
function examine(weight: Tensor, attributes: Attributes = {}): readonly (string | undefined)[] {
  const { graph, b, x } = start();
  graph.outputs = [b.relu(b.op('Conv', [x, b.constant('w', weight)], attributes, 'conv'))];
  const [layer, ...others] = examineLayers(graph);
  expect(others).toEqual([]);
  expect(findCandidates(graph).map(({ name }) => name)).toEqual(layer!.reason === undefined ? ['conv'] : []);
  return [layer!.kind, layer!.reason];
}

const nan = f32(
  [4, 6, 1, 1],
  normal(1, [24]).data.map((v, i) => (i === 5 ? Number.NaN : i === 7 ? Number.POSITIVE_INFINITY : v)),
);

describe('a convolution', () => {
  it.each<[string, Tensor, Attributes, string | undefined]>([
    ['with one group', normal(1, [4, 6, 1, 1]), {}, undefined],
    [
      'with stride and dilation',
      normal(1, [4, 6, 3, 3]),
      { strides: ints([2, 2]), dilations: ints([2, 1]) },
      undefined,
    ],
    [
      'depthwise',
      normal(1, [6, 1, 3, 3]),
      { group: int(6) },
      'one input channel per filter: nothing to share between filters',
    ],
    [
      'depthwise, two filters a channel',
      normal(1, [12, 1, 3, 3]),
      { group: int(6) },
      'one input channel per filter: nothing to share between filters',
    ],
    [
      'of two groups',
      normal(1, [8, 3, 1, 1]),
      { group: int(2) },
      '2 groups: filters of different groups have no inputs to share',
    ],
    ['already ternary', ternary(1, [4, 6, 1, 1]), {}, 'weights already ternary'],
    ['with zeros', f32([4, 6, 1, 1]), {}, 'all weights are zero'],
    ['with weights that are not finite', nan, {}, '2 weights are NaN or infinite'],
    ['with three filters', normal(1, [3, 6, 1, 1]), {}, 'fewer than 4 filters'],
  ])('%s', (_, weight, attributes, reason) => {
    expect(examine(weight, attributes)).toEqual([
      reason?.startsWith('one input') ? 'depthwise' : attributes.group ? 'conv' : 'first',
      reason,
    ]);
  });

  it('with few weights a filter', () => {
    const { graph, b } = start();
    const grey = graph.input('grey', 'float32', ['N', 3, 8, 8]);
    graph.outputs = [b.relu(b.op('Conv', [grey, b.constant('w', normal(1, [8, 3, 1, 1]))]))];
    expect(examineLayers(graph)[0]!.reason).toBe('fewer than 4 weights a filter');
  });

  it('with half-precision weights', () => {
    const { graph, b } = start();
    const half = graph.input('half', 'float16', ['N', 4, 8, 8]);
    const weight: Tensor = { dtype: 'float16', dims: [4, 4, 1, 1], data: new Uint16Array(16).fill(0x3c00) };
    graph.outputs = [b.relu(b.op('Conv', [half, b.constant('w', weight)]))];
    expect(examineLayers(graph)[0]!.reason).toBe('weights are float16, not float32');
  });
});

it('finds weights that layers share or the model returns', () => {
  const { graph, b, x } = start();
  const w = b.constant('w', normal(1, [6, 6, 1, 1]));
  const v = b.constant('v', normal(2, [6, 6, 1, 1]));
  const y = b.op('Conv', [b.op('Conv', [x, w], {}, 'a'), w], {}, 'b');
  graph.outputs = [b.relu(b.op('Conv', [y, v], {}, 'c')), v];
  expect(examineLayers(graph).map(({ reason }) => reason)).toEqual([
    "weights shared with 'b'",
    "weights shared with 'a'",
    'weights are an output of the model',
  ]);
});

it('mentions what rewriting passes over', () => {
  const { graph, b, x } = start();
  const image = (name: string, ...shape: (number | string)[]) => graph.input(name, 'float32', shape);
  const computed = b.abs(b.constant('w', normal(1, [4, 6, 1, 1])));
  const constant = (name: string, ...dims: number[]) => b.constant(name, normal(2, dims));
  const nodes: [op: string, inputs: Value[], attributes?: Attributes][] = [
    ['Conv', [x, computed]],
    ['Conv', [x, image('given', 4, 3, 3, 3)], { group: int(2) }],
    ['Conv', [image('signal', 'N', 6, 20), constant('w1', 4, 6, 5)]],
    ['ConvTranspose', [x, constant('wt', 6, 4, 2, 2)], { group: int(2) }],
    ['Gemm', [image('row', 'N', 5), image('matrix', 7, 5)], { transB: int(1) }],
    ['MatMul', [image('tokens', 'N', 3, 5), constant('wm', 5, 7)]],
    ['MatMul', [image('query', 'N', 5), image('key', 5, 7)]],
    ['Gemm', [image('columns', 5, 'N'), constant('wg', 5, 7)], { transA: int(1) }],
    ['Gemm', [image('scaled', 'N', 5), constant('wa', 5, 7)], { alpha: float(2) }],
  ];
  graph.outputs = nodes.map(([op, inputs, attributes], i) => b.relu(b.op(op, inputs, attributes, `node_${i}`)));
  const found = examineLayers(graph).map(({ node, kind, filters, inputs, kernel, groups, reason }) =>
    [node.name, kind, filters, inputs, kernel.join('x'), groups, reason].join(' | '),
  );
  expect(found).toEqual([
    'node_0 | other | 4 | 6 | 1x1 | 1 | weights are not constant: Abs computes them',
    'node_1 | other | 4 | 3 | 3x3 | 2 | weights are not constant: an input has them',
    'node_2 | other | 4 | 6 | 5 | 1 | a convolution over 1 axes, not 2',
    'node_3 | other | 8 | 3 | 2x2 | 2 | a transposed convolution',
    'node_4 | other | 7 | 5 | 1x1 | 1 | weights are not constant: an input has them',
    'node_5 | other | 7 | 5 | 1x1 | 1 | a MatMul that is not of the form x W with matrices x and W',
    'node_7 | conv | 7 | 5 | 1x1 | 1 | a Gemm with transA, alpha or beta',
    'node_8 | conv | 7 | 5 | 1x1 | 1 | a Gemm with transA, alpha or beta',
  ]);
  expect(findCandidates(graph)).toEqual([]);
});

function smallNetwork(): Graph {
  const network = new NetworkBuilder('small', 1);
  const x = network.convBlock('conv', network.input(3, 8), { filters: 4, kernel: 3 });
  const y = network.separableBlock(['dw', 'pw'], x, { filters: 8 });
  return network.classifier(y, 5);
}

it('takes the layers of a network in their order, and none of one that is compressed', () => {
  const graph = smallNetwork();
  expect(findCandidates(graph).map(({ name, kind }) => [name, kind])).toEqual([
    ['conv', 'first'],
    ['pw', 'pointwise'],
    ['classifier', 'classifier'],
  ]);
  const plan = makePlan(graph, { method: 'hybrid', alpha: 0.5 });
  const compressed = deploy(toFrozen(applyPlan(graph, plan, 1), new Map()), new Map());
  expect(examineLayers(compressed).map(({ node, reason }) => [node.name, reason?.split(':')[0]])).toEqual([
    ['conv_fp', 'full-precision part of a filter bank'],
    ['conv_hidden', 'weights already ternary'],
    ['conv_ternary', 'weights already ternary'],
    ['dw', 'one input channel per filter'],
    ['pw_fp', 'full-precision part of a filter bank'],
    ['pw_hidden', 'weights already ternary'],
    ['pw_ternary', 'weights already ternary'],
    ['classifier_hidden', 'weights already ternary'],
    ['classifier_ternary', 'weights already ternary'],
  ]);
  expect(() => requireCandidates(compressed)).toThrow(
    "graph 'small': expected layers that can be compressed, found none among 9 (full-precision part of a filter bank; weights al",
  );
});

it('refuses to compress a network with broken weights anywhere, or with no layers', () => {
  const graph = smallNetwork();
  expect(requireCandidates(graph).map(({ name }) => name)).toEqual(['conv', 'pw', 'classifier']);
  expect(findBroken(graph)).toEqual([]);
  graph.value('dw_bn_variance').constant = f32([4], [1, Number.NaN, 1, Number.NEGATIVE_INFINITY]);
  expect(findBroken(graph).map(({ node, weight, count }) => [node.name, weight, count])).toEqual([
    ['dw_bn', 'dw_bn_variance', 2],
  ]);
  expect(() => requireCandidates(graph)).toThrow(
    "node 'dw_bn' (BatchNormalization): expected finite weights, found 2 in 'dw_bn_variance' that are NaN or infinite",
  );
  const { graph: empty, b, x } = start();
  empty.outputs = [b.relu(x)];
  expect(() => requireCandidates(empty)).toThrow(
    "graph 'net': expected layers that can be compressed, found none with weights",
  );
});
