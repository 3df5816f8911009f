import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../test/evaluate.ts';
import { f32, Graph, int, ints, isTernary, type Value, verify } from '../ir/index.ts';
import { Builder, canonicalOpset } from '../ops/index.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { removeDead } from './remove-dead.ts';
import { settleTernary } from './settle-ternary.ts';

const feeds = { x: normal(1, [2, 3, 5, 5]) };

function start() {
  const graph = new Graph('net', canonicalOpset);
  return { graph, b: new Builder(graph), x: graph.input('x', 'float32', ['N', 3, 5, 5]) };
}

const perChannel = (b: Builder, name: string, values: readonly number[]): Value =>
  b.constant(name, f32([1, values.length, 1, 1], values));

/** Settles, compares, returns the operators left. */
function settled(graph: Graph, fold = true): string[] {
  const expected = evaluate(graph, feeds);
  if (fold) foldBatchNorm(graph);
  expect(settleTernary(verify(graph))).toBe(true);
  removeDead(graph);
  // sums of up to 20 that nearly cancel are rounded as such
  expect(relativeError(evaluate(verify(graph), feeds), expected, 20)).toBeLessThan(1e-6);
  expect(graph.initializers.some((v) => v.shape.length === 4 && isTernary(v.constant!))).toBe(true);
  expect(settleTernary(graph)).toBe(false);
  return graph.nodes.map((n) => n.op);
}

it('brings any product and sum behind a ternary convolution to (T x + b) s with s >= 0', () => {
  const numbers = fc.array(fc.oneof(fc.constant(0), fc.constant(1e-30), fc.double({ min: -4, max: 4 })), {
    minLength: 4,
    maxLength: 4,
  });
  const finite = (values: readonly number[]) => fc.pre(values.every((v) => Number.isFinite(v)));
  fc.assert(
    fc.property(numbers, numbers, numbers, (bias, scale, shift) => {
      finite([...bias, ...scale, ...shift]);
      const { graph, b, x } = start();
      const y = b.op('Conv', [x, b.constant('t', ternary(2, [4, 3, 3, 3])), b.constant('c', f32([4], bias))]);
      const z = b.add(b.mul(y, perChannel(b, 's', scale)), perChannel(b, 'd', shift));
      graph.outputs = [b.add(z, 0.5)];
      expect(settled(graph)).toEqual(['Conv', 'Mul']);
      expect(isTernary(graph.value('t').constant!)).toBe(true);
      const factors = graph.nodes[1]!.input(1).constant!.data as Float32Array;
      expect(factors.every((s) => s > 0)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('sends the constant part through the next convolution when that is not padded', () => {
  const { graph, b, x } = start();
  const h = b.op('Conv', [x, b.constant('wb', ternary(2, [4, 3, 3, 3])), b.constant('c', normal(3, [4]))], {
    pads: ints([1, 1, 1, 1]),
  });
  const a = b.add(b.mul(h, perChannel(b, 'a', [1, -2, 0, 0.5])), perChannel(b, 'd', [1, 2, 3, 4]));
  graph.outputs = [b.relu(b.op('Conv', [a, b.constant('wc', ternary(4, [6, 4, 3, 3]))]))];
  expect(settled(graph)).toEqual(['Conv', 'Mul', 'Conv', 'Relu']);
  expect(graph.nodes.map((n) => n.inputs.length)).toEqual([2, 2, 3, 1]);
});

it('keeps the constant part in front of a padded convolution', () => {
  const { graph, b, x } = start();
  const h = b.op('Conv', [x, b.constant('wb', ternary(2, [4, 3, 3, 3]))]);
  const a = b.add(b.mul(h, perChannel(b, 'a', [1, -2, 1, 0.5])), perChannel(b, 'd', [1, 2, 3, 4]));
  graph.outputs = [b.op('Conv', [a, b.constant('wc', ternary(4, [6, 4, 3, 3]))], { pads: ints([1, 1, 1, 1]) })];
  expect(settled(graph)).toEqual(['Conv', 'Mul', 'Conv']);
  expect(graph.nodes.map((n) => n.inputs.length)).toEqual([3, 2, 2]);
});

it('does not take filters for dead beside one without weights, whose scale is that of an epsilon', () => {
  const { graph, b, x } = start();
  const weights = ternary(2, [4, 3, 3, 3]);
  (weights.data as Float32Array).fill(0, 27, 54);
  const y = b.op('Conv', [x, b.constant('t', weights)], {}, 'conv');
  graph.outputs = [b.relu(b.add(b.mul(y, perChannel(b, 's', [1, 1e9, -2, 0.5])), perChannel(b, 'd', [1, 2, 3, 4])))];
  expect(settled(graph)).toEqual(['Conv', 'Mul', 'Relu']);
  const scales = graph.nodes[1]!.input(1).constant!.data as Float32Array;
  expect([...scales]).toEqual([1, 2, 2, 0.5]);
});

it.each([
  ['one a filter', [4, 1, 1, 1]],
  ['one', [1, 1, 1, 1]],
])('takes a scale out of the weight, %s, with a bias', (_, dims) => {
  const { graph, b, x } = start();
  const scale = b.reshape(b.constant('s', normal(3, [dims[0]!])), dims);
  const weight = b.mul(b.constant('t', ternary(2, [4, 3, 3, 3])), scale);
  const y = b.op('Conv', [x, weight, b.constant('c', normal(4, [4]))], {}, 'conv');
  graph.outputs = [b.relu(b.mul(y, perChannel(b, 'u', [1, -1, 2, -2])))];
  const expected = evaluate(graph, feeds);
  settleTernary(graph);
  foldBatchNorm(graph);
  settleTernary(graph);
  removeDead(graph);
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-6);
  expect(graph.nodes.map((n) => n.name)).toEqual(['conv', 'conv_scale', 'relu']);
});

it.each([0, 1])('takes a scale out of the weight of a Gemm, transB = %i', (transB) => {
  const { graph, b, x } = start();
  const weight = b.mul(
    b.constant('s', normal(3, transB ? [4, 1] : [4])),
    b.constant('t', ternary(2, transB ? [4, 75] : [75, 4])),
  );
  graph.outputs = [
    b.op('Gemm', [b.op('Flatten', [x]), weight, b.constant('c', normal(4, [4]))], { transB: int(transB) }),
  ];
  const expected = evaluate(graph, feeds);
  settleTernary(graph);
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-6);
  expect(graph.nodes.map((n) => n.op)).toEqual(['Flatten', 'Gemm', 'Mul']);
});

it('leaves a scale per input, and signs of weights that two nodes share', () => {
  const { graph, b, x } = start();
  const t = b.constant('t', ternary(2, [3, 3, 1, 1]));
  const perInput = b.op('Conv', [x, b.mul(t, perChannel(b, 's', [1, 2, 3]))]);
  const shared = b.mul(b.op('Conv', [x, t]), perChannel(b, 'u', [1, -1, 0]));
  graph.outputs = [b.add(perInput, shared)];
  const before = t.constant;
  expect(settleTernary(graph)).toBe(false);
  expect(t.constant).toBe(before);
});
