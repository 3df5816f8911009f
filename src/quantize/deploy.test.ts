import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { f32, Graph, int, ints, isTernary, printGraph, type Tensor } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan } from './apply.ts';
import { deploy } from './deploy.ts';
import { toFrozen } from './phases.ts';
import type { LayerPlan, Plan } from './plan.ts';

const feeds = { input: normal(1, [2, 1, 4, 4]) };

/** One hybrid bank between two full-precision layers. */
function bank() {
  const network = new NetworkBuilder('small', 1);
  const x = network.convBlock('pw', network.input(1, 4), { filters: 4, kernel: 1, bias: true });
  const y = network.convBlock('dw', x, { filters: 4, kernel: 3, groups: 4 });
  const plan: LayerPlan = { method: 'hybrid', fullPrecision: [0], hidden: 2 };
  return toFrozen(applyPlan(network.classifier(y, 3), { layers: { pw: plan } }, 5), new Map());
}

const state = new Map<string, Tensor>([
  ['pw_bias', f32([4], [1, 2, 3, 4])],
  ['pw_bn_scale', f32([4], [-1, 2, -3, 0])],
  ['pw_bn_mean', f32([4], [1, -1, 0.5, 2])],
  ['pw_bn_shift', f32([4], [0.1, 0.2, 0.3, 0.4])],
]);

it('leaves a bank without multiplications but those of its filters and of the scales a', () => {
  const frozen = bank();
  const graph = deploy(frozen, state, { method: 'hybrid' });
  expect(printGraph(graph).replaceAll(/ \{.*\}/g, '')).toBe(`graph small (opset 20)
  input input: float32[N, 1, 4, 4]
  const dw_weight: float32[4, 1, 3, 3]
  const classifier_weight: float32[3, 4, 1, 1]
  const classifier_bias: float32[3]
  const pw_fp_weight: float32[1, 1, 1, 1]
  const pw_wb: float32[2, 1, 1, 1]
  const pw_wc: float32[3, 2, 1, 1]
  const pw_hidden_scale_factors: float32[1, 2, 1, 1]
  const dw_bias: float32[4]
  const pw_fp_bias: float32[1]
  const pw_ternary_bias: float32[3]
  pw_fp: float32[N, 1, 4, 4] = Conv(input, pw_fp_weight, pw_fp_bias)
  pw_hidden: float32[N, 2, 4, 4] = Conv(input, pw_wb)
  pw_hidden_scale: float32[N, 2, 4, 4] = Mul(pw_hidden, pw_hidden_scale_factors)
  pw_ternary: float32[N, 3, 4, 4] = Conv(pw_hidden_scale, pw_wc, pw_ternary_bias)
  pw_bank: float32[N, 4, 4, 4] = Concat(pw_fp, pw_ternary)
  pw_relu: float32[N, 4, 4, 4] = Relu(pw_bank)
  dw: float32[N, 4, 4, 4] = Conv(pw_relu, dw_weight, dw_bias)
  dw_relu: float32[N, 4, 4, 4] = Relu(dw)
  pool: float32[N, 4, 1, 1] = GlobalAveragePool(dw_relu)
  classifier: float32[N, 3, 1, 1] = Conv(pool, classifier_weight, classifier_bias)
  logits: float32[N, 3] = Flatten(classifier)
  output logits
`);
  // the filter whose scale is negative has its signs flipped, the one whose scale is zero is dead
  const before = frozen.graph.value('pw_wc').constant!.data as Float32Array;
  const after = graph.value('pw_wc').constant!.data as Float32Array;
  expect([...after]).toEqual([before[0]!, before[1]!, 0 - before[2]!, 0 - before[3]!, 0, 0]);
  expect(graph.metadata.get('method')).toBe('hybrid');
});

function expectSame(graph: Graph, plan: Plan, inputs: Readonly<Record<string, Tensor>>): Graph {
  const frozen = toFrozen(applyPlan(graph, plan, 5), new Map());
  const deployed = deploy(frozen, new Map());
  expect(relativeError(evaluate(deployed, inputs), evaluate(frozen.graph, inputs))).toBeLessThan(1e-6);
  expect(frozen.ternary.every((t) => isTernary(deployed.value(t.name).constant!))).toBe(true);
  return deployed;
}

it('serves networks of other shapes: biases, a Gemm classifier, a layer that two others read', () => {
  const graph = new Graph('other', 20);
  const b = new Builder(graph);
  const x = graph.input('image', 'float32', ['N', 3, 5, 5]);
  const conv = b.op('Conv', [x, b.constant('w', normal(2, [4, 3, 3, 3])), b.constant('c', normal(3, [4]))], {}, 'conv');
  const left = b.op('Conv', [b.relu(conv), b.constant('v', normal(4, [4, 4, 1, 1]))], {}, 'left');
  const sum = b.op('Flatten', [b.add(left, conv)]);
  const w = b.constant('fc_weight', normal(5, [36, 6]));
  graph.outputs = [b.op('Gemm', [sum, w, b.constant('fc_bias', normal(6, [6]))], {}, 'scores')];
  const twn = { method: 'twn', granularity: 'filter' } as const;
  const bank: LayerPlan = { method: 'hybrid', fullPrecision: [0, 1], hidden: 3 };
  const inputs = { image: normal(7, [2, 3, 5, 5]) };
  const first = expectSame(graph, { layers: { conv: twn, left: twn, scores: twn } }, inputs);
  expect(first.outputs.map((o) => o.name)).toEqual(['scores']);
  expectSame(graph, { layers: { conv: bank, left: bank } }, inputs);
  const gemm = expectSame(graph, { layers: { conv: bank, left: twn, scores: bank } }, inputs);
  expect(gemm.nodes.slice(-5).map((n) => `${n.op} ${n.name}`)).toEqual([
    'Gemm scores_fp',
    'Gemm scores_hidden',
    'Mul scores_hidden_scale',
    'Gemm scores_ternary',
    'Concat scores_bank',
  ]);
  expect(gemm.outputs.map((o) => o.name)).toEqual(['scores']);
  expectSame(graph, { layers: {} }, inputs);
});

/** An inverted residual with ReLU6 between two other layers, every batch norm with statistics and scales of its own. */
function residual() {
  const network = new NetworkBuilder('residual', 1);
  let x = network.convBlock('first', network.input(1, 4), { filters: 4, kernel: 3 }, 'none');
  let y = network.convBlock('expand', x, { filters: 8, kernel: 1 }, 'relu6');
  y = network.convBlock('depthwise', y, { filters: 8, kernel: 3, groups: 8 }, 'relu6');
  y = network.convBlock('project', y, { filters: 4, kernel: 1 }, 'none');
  x = network.add('one', x, y);
  y = network.convBlock('conv', x, { filters: 4, kernel: 3 }, 'none');
  const graph = network.classifier(network.activate('two', network.add('two', x, y), 'relu'), 3);
  const norms = graph.initializers.filter((v) => /_bn_/.test(v.name));
  for (const [i, value] of norms.entries()) {
    const { data } = normal(i, value.dims);
    value.constant = f32(
      value.dims,
      /variance/.test(value.name) ? data.map((v) => 0.1 + v * v) : data.map((v) => 3 * v),
    );
  }
  return graph;
}

it('keeps scales in front of a residual sum, and moves them through ReLU6', () => {
  const twn = { method: 'twn', granularity: 'filter' } as const;
  const bank: LayerPlan = { method: 'hybrid', fullPrecision: [0, 1], hidden: 5 };
  const scalesOf = (graph: Graph) => graph.nodes.filter((n) => n.op === 'Mul').map((n) => n.name);
  const each = (plan: LayerPlan) => Object.fromEntries(['first', 'expand', 'project', 'conv'].map((n) => [n, plan]));
  const ternary = expectSame(residual(), { layers: each(twn) }, feeds);
  expect(scalesOf(ternary)).toEqual(['first_scale', 'project_scale', 'conv_scale']);
  const bounded = (graph: Graph) => graph.nodes.filter((n) => /^(Clip|Relu|Min|Max)$/.test(n.op)).map((n) => n.name);
  expect(bounded(ternary)).toEqual(['expand_relu6_relu', 'expand_relu6_min', 'depthwise_relu6', 'two_relu']);
  const hybrid = expectSame(residual(), { layers: each(bank) }, feeds);
  expect(scalesOf(hybrid).filter((name) => !/hidden/.test(name))).toEqual([
    'first_ternary_scale',
    'project_ternary_scale',
    'conv_ternary_scale',
  ]);
});

it('sends the shift of a padded bank the right way', () => {
  const network = new NetworkBuilder('padded', 1);
  const x = network.batchNorm(
    'one_bn',
    network.conv('one', network.input(1, 4), { filters: 3, kernel: 3, bias: true }),
  );
  const y = network.batchNorm('two_bn', network.conv('two', x, { filters: 4, kernel: 3 }));
  const graph = network.classifier(y, 2);
  for (const [i, name] of ['one_bn_shift', 'one_bn_mean', 'two_bn_shift', 'one_bias'].entries()) {
    const value = graph.value(name);
    value.constant = normal(i, value.dims);
  }
  const strassen: LayerPlan = { method: 'strassen', fullPrecision: [], hidden: 3 };
  expectSame(graph, { layers: { one: strassen, two: strassen } }, feeds);
});

it('refuses a ternary weight that its scale cannot leave', () => {
  const graph = new Graph('odd', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 2, 3, 3]);
  const t = b.constant('t', f32([2, 2, 1, 1], [1, 0, -1, 1]));
  const perInput = b.mul(t, b.constant('s', f32([1, 2, 1, 1], [2, 3])));
  graph.outputs = [b.op('Conv', [x, perInput], { group: int(1), pads: ints([0, 0, 0, 0]) }, 'conv')];
  const network = {
    graph,
    ternary: [{ name: 't', granularity: 'tensor', scale: { into: 'weight' } } as const],
    rounded: [],
    fixed: new Set(['t']),
  };
  expect(() => deploy(network, new Map())).toThrow(
    expect.objectContaining({ code: 'E_UNSUPPORTED', where: "weight 't'" }),
  );
});
