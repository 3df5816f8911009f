import { expect, it } from 'vitest';
import { f32, Graph, int, ints } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan, deploy, makePlan, toFrozen } from '../quantize/index.ts';
import { noCounts } from './conventions.ts';
import { countGraph } from './count.ts';

function buildNetworkWithBank(): Graph {
  const network = new NetworkBuilder('bank', 1);
  const x = network.convBlock('conv', network.input(3, 8), { filters: 4, kernel: 3, stride: 2 });
  const y = network.convBlock('pw', network.convBlock('dw', x, { filters: 4, kernel: 3, groups: 4 }), {
    filters: 8,
    kernel: 1,
  });
  const graph = network.classifier(y, 5);
  const plan = makePlan(graph, { method: 'hybrid', alpha: 0.25, widthRatio: 1.5, kinds: ['pointwise'] });
  return deploy(toFrozen(applyPlan(graph, plan, 1), new Map()), new Map());
}

it('counts a hybrid filter bank as one layer', () => {
  const { layers, nodes, rest, unknown, batch } = countGraph(buildNetworkWithBank());
  expect(layers.map((layer) => layer.group.name)).toEqual(['conv', 'dw', 'pw', 'classifier']);
  const [conv, dw, pw, classifier] = layers.map(({ counts, inputElements, outputElements }) => {
    const { ternaryNonZero: _n, ...rest } = counts;
    return { counts: rest, inputElements, outputElements };
  });
  const { ternaryNonZero: _n, ...none } = noCounts;
  // 8 x 8 pixels, 4 x 4 after the first layer
  expect(conv).toEqual({
    counts: { ...none, macs: 16 * 4 * 27, biases: 16 * 4 },
    inputElements: 3 * 64,
    outputElements: 4 * 16,
  });
  expect(dw!.counts).toEqual({ ...none, macs: 16 * 4 * 9, biases: 16 * 4 });
  // two full-precision filters; r = 9 hidden units for six ternary ones
  expect(pw).toEqual({
    counts: { ...none, macs: 16 * 2 * 4, ternary: 16 * (9 * 4 + 6 * 9), scales: 16 * 9, biases: 16 * 8 },
    inputElements: 4 * 16,
    outputElements: 8 * 16,
  });
  // scales that stay behind the bank would be products before the classifier: it took them, ReLU and pool in between
  expect(classifier!.counts).toEqual({ ...none, macs: 40, biases: 5 });
  const { ternary, ternaryNonZero } = layers[2]!.counts;
  expect(ternaryNonZero).toBeGreaterThan(0.3 * ternary);
  expect(ternaryNonZero).toBeLessThan(ternary);
  expect([rest, unknown, batch]).toEqual([0, [], 1]);
  const relu = nodes.filter((n) => n.node.op === 'Relu');
  expect(relu.map((n) => [n.layer, n.counts.comparisons])).toEqual([
    [undefined, 64],
    [undefined, 64],
    [undefined, 128],
  ]);
});

const image = (shape: readonly (number | string)[]) => {
  const graph = new Graph('free', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', shape);
  const weight = b.constant('w', f32([4, 3, 1, 1], new Float32Array(12).fill(0.5)));
  return { graph, b, y: b.op('Conv', [x, weight], { kernel_shape: ints([1, 1]) }, 'conv') };
};

it('takes a symbolic first dimension for a batch of one, and the sizes that are given', () => {
  const { graph, y } = image(['N', 3, 'H', 'W']);
  graph.outputs = [y];
  const macs = (sizes: Record<string, number>) => countGraph(graph, sizes).layers[0]!.counts.macs;
  expect(macs({ H: 5, W: 7 })).toBe(5 * 7 * 12);
  expect(macs({ N: 2, H: 5, W: 7 })).toBe(2 * 5 * 7 * 12);
  expect(graph.inputs[0]!.shape).toEqual(['N', 3, 'H', 'W']);
  const where = "input 'x': expected fixed sizes, found [N, 3, H, W] and no size for 'W' (--dim W=SIZE gives one)";
  expect(() => macs({ H: 5 })).toThrow(where);
  expect(() => macs({ H: 5, W: 7, D: 1 })).toThrow("dimension 'D': expected one of the model's (N, H, W)");
  expect(() => macs({ H: 0, W: 7 })).toThrow(/at least 1/);
});

it('says which operators it does not know, and what hangs on their shapes', () => {
  const { graph, b, y } = image([1, 3, 4, 4]);
  const strange = graph.add('Swish', [y], {}, { domain: 'my.domain', name: 'strange' });
  const after = b.op('Relu', [strange.output()]);
  graph.outputs = [b.op('Flatten', [after], { axis: int(1) })];
  const { unknown, layers } = countGraph(graph);
  expect(unknown).toEqual([
    { op: 'my.domain.Swish', nodes: 1, elements: 0 },
    { op: 'Relu', nodes: 1, elements: 0 },
  ]);
  expect(layers[0]!.counts.macs).toBe(16 * 12);
  strange.output().type = { dtype: 'float32', shape: [1, 4, 4, 4] };
  expect(countGraph(graph).unknown).toEqual([{ op: 'my.domain.Swish', nodes: 1, elements: 64 }]);
});
