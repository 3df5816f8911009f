import { describe, expect, it } from 'vitest';
import { f32, Graph, int, printGraph, verify } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan } from './apply.ts';
import type { LayerPlan, Plan } from './plan.ts';

function small(bias = false): Graph {
  const network = new NetworkBuilder('small', 1);
  const x = network.convBlock('conv', network.input(1, 4), { filters: 2, kernel: 3 });
  const y = network.conv('pw', x, { filters: 4, kernel: 1, bias });
  return network.classifier(network.build.op('Relu', [network.batchNorm('pw_bn', y)], {}, 'pw_relu'), 3);
}

const applied = (plan: LayerPlan, bias = false) => applyPlan(small(bias), { layers: { pw: plan } }, 5);
const linesOf = (graph: Graph, name: RegExp) =>
  printGraph(verify(graph))
    .split('\n')
    .filter((line) => name.test(line));

describe('applyPlan', () => {
  it('makes a hybrid filter bank of the first filters and a strassenified convolution', () => {
    const before = small();
    const { graph, ternary, fixed } = applied({ method: 'hybrid', fullPrecision: [0], hidden: 5 });
    expect(linesOf(graph, /pw_\w+: .* = /)).toEqual(
      [
        '  pw_fp: float32[N, 1, 4, 4] = Conv(conv_relu, pw_fp_weight) {group=1, kernel_shape=[1, 1], pads=[0, 0, 0, 0], strides=[1, 1]}',
        '  pw_hidden: float32[N, 5, 4, 4] = Conv(conv_relu, pw_wb) {group=1, kernel_shape=[1, 1], pads=[0, 0, 0, 0], strides=[1, 1]}',
        `  pw_hidden_bn: float32[N, 5, 4, 4] = BatchNormalization(pw_hidden, pw_a, pw_hidden_shift, pw_hidden_mean, pw_hidden_variance) {epsilon=${1e-5}}`,
        '  pw_ternary: float32[N, 3, 4, 4] = Conv(pw_hidden_bn, pw_wc) {kernel_shape=[1, 1]}',
        '  pw_bank: float32[N, 4, 4, 4] = Concat(pw_fp, pw_ternary) {axis=1}',
        '  pw_bn: float32[N, 4, 4, 4] = BatchNormalization(pw_bank, pw_bn_scale, pw_bn_shift, pw_bn_mean, pw_bn_variance) {epsilon=0.00001}',
        '  pw_relu: float32[N, 4, 4, 4] = Relu(pw_bn)',
      ].map((line) => line.replace('0.00001', String(1e-5))),
    );
    expect(graph.value('pw_fp_weight').constant!.data).toEqual(before.value('pw_weight').constant!.data.slice(0, 2));
    expect(graph.find('pw_weight')).toBeUndefined();
    expect([...fixed]).toEqual(['pw_hidden_shift']);
    expect(ternary).toEqual([
      { name: 'pw_wb', granularity: 'tensor', scale: { into: 'hidden', norm: 'pw_hidden_bn' } },
      { name: 'pw_wc', granularity: 'tensor', scale: { into: 'a', name: 'pw_a' } },
    ]);
  });

  it('has neither Concat nor full-precision part in a strassenified layer, and keeps its bias', () => {
    const { graph } = applied({ method: 'strassen', fullPrecision: [], hidden: 5 }, true);
    expect(graph.nodes.map((n) => n.op)).not.toContain('Concat');
    expect(linesOf(graph, /pw_(reshape|add): /)).toEqual([
      '  pw_reshape: float32[1, 4, 1, 1] = Reshape(pw_bias, shape_1_4_1_1)',
      '  pw_add: float32[N, 4, 4, 4] = Add(pw_ternary, pw_reshape)',
    ]);
  });

  it('draws factors from the seed, and leaves the given graph alone', () => {
    const graph = small();
    const text = printGraph(graph);
    const factor = (seed: number) => {
      const plan: Plan = { layers: { pw: { method: 'strassen', fullPrecision: [], hidden: 5 } } };
      return applyPlan(graph, plan, seed).graph.value('pw_wb').constant!.data;
    };
    expect(factor(1)).toEqual(factor(1));
    expect(factor(1)).not.toEqual(factor(2));
    expect(printGraph(graph)).toBe(text);
  });

  it('puts the filters of a ternary Gemm first', () => {
    const graph = new Graph('fc', 20);
    const b = new Builder(graph);
    const x = graph.input('x', 'float32', ['N', 2]);
    graph.outputs = [b.op('Gemm', [x, b.constant('w', f32([2, 3], [1, 2, 3, 4, 5, 6]))], {}, 'fc')];
    const plan = { layers: { fc: { method: 'twn', granularity: 'filter' } as const } };
    const result = applyPlan(graph, plan, 1);
    expect(result.ternary.map((t) => t.name)).toEqual(['w_t']);
    expect([...(result.graph.value('w_t').constant!.data as Float32Array)]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(result.graph.nodes[0]!.int('transB')).toBe(1);
    graph.nodes[0]!.attributes = { transA: int(1) };
    expect(() => applyPlan(graph, plan, 1)).toThrow(expect.objectContaining({ code: 'E_MODEL' }));
  });

  it.each([0, 1])('makes a bank of a Gemm with transB = %i', (transB) => {
    const graph = new Graph('fc', 20);
    const b = new Builder(graph);
    const x = graph.input('x', 'float32', ['N', 2]);
    const w = transB ? f32([3, 2], [1, 4, 2, 5, 3, 6]) : f32([2, 3], [1, 2, 3, 4, 5, 6]);
    const inputs = [x, b.constant('w', w), b.constant('c', f32([3], [7, 8, 9]))];
    graph.outputs = [b.op('Gemm', inputs, { transB: int(transB) }, 'fc')];
    const plan: Plan = { layers: { fc: { method: 'hybrid', fullPrecision: [0, 1], hidden: 4 } } };
    const result = applyPlan(graph, plan, 1);
    expect(printGraph(verify(result.graph)).replaceAll(/ \{.*\}/g, '')).toBe(`graph fc (opset 20)
  input x: float32[N, 2]
  const c: float32[3]
  const fc_fp_weight: float32[2, 2]
  const fc_wb: float32[4, 2]
  const fc_wc: float32[1, 4]
  const fc_a: float32[4]
  const fc_hidden_shift: float32[4]
  const fc_hidden_mean: float32[4]
  const fc_hidden_variance: float32[4]
  fc_fp: float32[N, 2] = Gemm(x, fc_fp_weight)
  fc_hidden: float32[N, 4] = Gemm(x, fc_wb)
  fc_hidden_bn: float32[N, 4] = BatchNormalization(fc_hidden, fc_a, fc_hidden_shift, fc_hidden_mean, fc_hidden_variance)
  fc_ternary: float32[N, 1] = Gemm(fc_hidden_bn, fc_wc)
  fc_bank: float32[N, 3] = Concat(fc_fp, fc_ternary)
  fc: float32[N, 3] = Add(fc_bank, c)
  output fc
`);
    expect([...(result.graph.value('fc_fp_weight').constant!.data as Float32Array)]).toEqual([1, 4, 2, 5]);
    const gemms = result.graph.nodes.filter((n) => n.op === 'Gemm');
    expect(gemms.map((n) => n.int('transB'))).toEqual([1, 1, 1]);
    expect(result.ternary.map((t) => t.name)).toEqual(['fc_wb', 'fc_wc']);
  });

  it('refuses unknown layers, impossible sizes and grouped convolutions', () => {
    const bank: LayerPlan = { method: 'strassen', fullPrecision: [], hidden: 2 };
    const refused = (layers: Record<string, LayerPlan>) => () => applyPlan(small(), { layers }, 1);
    expect(refused({ pv: bank })).toThrow(
      "plan layers.pv: expected one of the model's layers (conv, pw, classifier), found another name",
    );
    const all = { method: 'hybrid', fullPrecision: [0, 1, 2, 3], hidden: 2 } as const;
    expect(refused({ pw: all })).toThrow('plan layers.pw.fullPrecision: expected fewer than all 4 filters');
    expect(refused({ pw: { ...all, fullPrecision: [4] } })).toThrow('expected indices from 0 to 3, found 4');
    expect(refused({ pw: { ...bank, hidden: 0 } })).toThrow('plan layers.pw.hidden: expected a whole number');
    const network = new NetworkBuilder('grouped', 1);
    const x = network.conv('dw', network.input(3, 4), { filters: 3, kernel: 3, groups: 3 });
    const graph = network.classifier(x, 2);
    expect(() => applyPlan(graph, { layers: { dw: bank } }, 1)).toThrow(
      'plan layers.dw.method: expected fp for a grouped convolution, which has no filter banks, found strassen',
    );
  });
});
