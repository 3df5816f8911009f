import { expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../../test/evaluate.ts';
import { f32, Graph, ints, type Value, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { foldChannelOps } from './fold-channel-ops.ts';

const feeds = { x: normal(1, [2, 2, 4, 4]) };
const channels = (seed: number) => normal(seed, [3, 1, 1]);

function build(behind: (y: Value, b: Builder) => Value, weight = normal(2, [3, 2, 3, 3])): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 2, 4, 4]);
  const y = b.op('Conv', [x, b.constant('w', weight)], { pads: ints([1, 1, 1, 1]) }, 'conv');
  graph.outputs = [behind(y, b)];
  return graph;
}

/** The operators that are left. */
function check(graph: Graph, changed = true): string {
  const { name } = graph.outputs[0]!;
  const expected = evaluate(graph, feeds);
  expect(foldChannelOps(verify(graph))).toBe(changed);
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-6);
  expect(foldChannelOps(graph)).toBe(false);
  expect(graph.outputs[0]!.name).toBe(name);
  return graph.nodes.map((node) => node.op).join(' ');
}

it('folds a chain, in its order', () => {
  const graph = build((y, b) => {
    const sum = b.sub(
      b.mul(b.add(y, b.constant('p', channels(3))), b.constant('q', channels(4))),
      b.constant('r', channels(5)),
    );
    return b.div(b.add(0.5, sum), b.constant('s', channels(6)));
  });
  expect(check(graph)).toBe('Conv');
});

it('folds up to what is no such operator; batch norms stay', () => {
  const graph = build((y, b) => {
    const vector = (seed: number) =>
      b.constant(
        'v',
        f32(
          [3],
          normal(seed, [3]).data.map((v) => 1 + v * v),
        ),
      );
    const norm = b.op('BatchNormalization', [b.add(y, 1), vector(3), vector(4), vector(5), vector(6)]);
    return b.mul(norm, 2);
  });
  expect(check(graph)).toBe('Conv BatchNormalization Mul');
});

it('folds into a Gemm', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const y = b.gemm(b.op('Flatten', [graph.input('x', 'float32', ['N', 2, 4, 4])]), b.constant('w', normal(2, [32, 5])));
  graph.outputs = [b.add(b.constant('c', normal(3, [5])), y)];
  expect(check(graph)).toBe('Flatten Gemm');
});

it('leaves values that others read, constants that vary along an image, constant minus layer, and quotients by zero', () => {
  expect(
    check(
      build((y, b) => b.mul(y, b.add(y, 3))),
      false,
    ),
  ).toBe('Conv Add Mul');
  expect(
    check(
      build((y, b) => b.add(y, b.constant('c', normal(3, [1, 1, 4])))),
      false,
    ),
  ).toBe('Conv Add');
  expect(
    check(
      build((y, b) => b.sub(1, y)),
      false,
    ),
  ).toBe('Conv Sub');
  expect(foldChannelOps(build((y, b) => b.div(y, 0)))).toBe(false);
});

it('leaves products behind ternary weights, but takes sums', () => {
  const graph = build((y, b) => b.mul(b.add(y, 1), 2), ternary(2, [3, 2, 3, 3]));
  expect(check(graph)).toBe('Conv Mul');
});
