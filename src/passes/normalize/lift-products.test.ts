import { expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../../test/evaluate.ts';
import { f32, float, Graph, type Shape, type Value, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { liftProducts } from './lift-products.ts';
import { normalizeNetwork } from './normalize-network.ts';

function build(shape: Shape, rest: (x: Value, b: Builder) => Value): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  graph.outputs = [rest(graph.input('x', 'float32', shape), b)];
  return verify(graph);
}

const matmul = (b: Builder, a: Value, c: Value) => b.op('MatMul', [a, c], {}, 'fc');
const opsOf = (graph: Graph) => graph.nodes.map((node) => node.op).join(' ');

it.each<[string, Shape, (x: Value, b: Builder) => Value, string]>([
  [
    'four axes, channels last',
    ['N', 3, 5, 4],
    (x, b) => matmul(b, x, b.constant('w', normal(1, [4, 6]))),
    'Transpose Conv Transpose',
  ],
  [
    'three axes, channels last, with a bias',
    ['N', 5, 4],
    (x, b) => b.add(b.constant('c', normal(2, [6])), matmul(b, x, b.constant('w', normal(1, [4, 6])))),
    'Transpose Unsqueeze Conv Squeeze Transpose',
  ],
  [
    'three axes, channels second, with a bias',
    ['N', 4, 5],
    (x, b) => b.add(matmul(b, b.constant('w', normal(1, [6, 4])), x), b.constant('c', normal(2, [6, 1]))),
    'Unsqueeze Conv Squeeze',
  ],
])('makes a 1x1 convolution of a product: %s', (_, shape, rest, ops) => {
  const graph = build(shape, rest);
  const x = normal(3, [2, ...(shape.slice(1) as number[])]);
  const [expected, type] = [evaluate(graph, { x }), graph.outputs[0]!.type];
  expect(liftProducts(graph)).toBe(true);
  expect(opsOf(verify(graph))).toBe(ops);
  expect(graph.nodes.find((node) => node.op === 'Conv')!.name).toBe('fc');
  expect(graph.outputs[0]!.type).toEqual(type);
  expect(relativeError(evaluate(graph, { x }), expected)).toBeLessThan(1e-6);
  expect(liftProducts(graph)).toBe(false);
});

it.each<[string, Shape, (x: Value, b: Builder) => Value]>([
  ['a matrix', ['N', 4], (x, b) => matmul(b, x, b.constant('w', normal(1, [4, 6])))],
  ['five axes', ['N', 2, 3, 5, 4], (x, b) => matmul(b, x, b.constant('w', normal(1, [4, 6])))],
  ['two activations', ['N', 4, 4], (x, b) => matmul(b, x, b.relu(x))],
  ['a matrix for each image', ['N', 5, 4], (x, b) => matmul(b, x, b.constant('w', normal(1, [2, 4, 6])))],
  ['ternary weights', ['N', 5, 4], (x, b) => matmul(b, x, b.constant('w', ternary(1, [4, 6])))],
  [
    'weights that others read',
    ['N', 5, 4],
    (x, b) => {
      const w = b.constant('w', normal(1, [4, 4]));
      return b.op('MatMul', [b.op('MatMul', [x, w]), w]);
    },
  ],
])('leaves %s', (_, shape, rest) => {
  const graph = build(shape, rest);
  const before = opsOf(graph);
  expect(liftProducts(graph)).toBe(false);
  expect(opsOf(graph)).toBe(before);
});

it('keeps a sum that is not one value per filter', () => {
  const graph = build(['N', 4, 4], (x, b) =>
    b.add(matmul(b, x, b.constant('w', normal(1, [4, 4]))), b.constant('c', normal(2, [4, 1]))),
  );
  const x = normal(3, [2, 4, 4]);
  const expected = evaluate(graph, { x });
  liftProducts(graph);
  expect(graph.nodes.at(-1)!.op).toBe('Add');
  expect(relativeError(evaluate(graph, { x }), expected)).toBeLessThan(1e-6);
});

it("leaves convolutions and no transposition of ConvNeXt's block, its layer scale in the last one", () => {
  const graph = build(['N', 4, 5, 5], (x, b) => {
    const norm = b.transpose(x, [0, 2, 3, 1]);
    const wide = b.add(b.matmul(norm, b.constant('w1', normal(1, [4, 8]))), b.constant('c1', normal(2, [8])));
    const gelu = b.mul(b.mul(wide, b.add(b.op('Erf', [b.div(wide, Math.SQRT2)]), 1)), 0.5);
    const narrow = b.add(b.matmul(gelu, b.constant('w2', normal(3, [8, 4]))), b.constant('c2', normal(4, [4])));
    const scaled = b.mul(b.transpose(narrow, [0, 3, 1, 2]), b.constant('scale', f32([4, 1, 1], [0.1, 0.2, 0.3, 0.4])));
    return b.add(x, scaled);
  });
  const x = normal(5, [2, 4, 5, 5]);
  const expected = evaluate(graph, { x });
  normalizeNetwork(graph);
  expect(opsOf(graph)).toBe('Conv Div Erf Add Mul Mul Conv Add');
  expect(relativeError(evaluate(graph, { x }), expected)).toBeLessThan(1e-6);
});

it("makes layers of a transformer's projections and of its MLP", () => {
  const graph = build(['N', 6, 4], (x, b) => {
    const dense = (y: Value, name: string, inputs: number, filters: number) =>
      b.add(
        b.matmul(y, b.constant(name, normal(1, [inputs, filters], name))),
        b.constant(`${name}_c`, normal(2, [filters])),
      );
    const [q, k, v] = ['q', 'k', 'v'].map((name) => dense(x, name, 4, 4)) as [Value, Value, Value];
    const attention = b.op('Softmax', [b.mul(b.matmul(q, b.transpose(k, [0, 2, 1])), 0.5)]);
    const y = b.add(x, dense(b.matmul(attention, v), 'o', 4, 4));
    const scales = [b.constant('g', f32([4], [1, 2, 3, 4])), b.constant('b', normal(7, [4]))];
    const normed = b.op('LayerNormalization', [y, ...scales], { epsilon: float(1e-5) });
    return b.add(y, dense(b.op('Gelu', [dense(normed, 'in', 4, 8)]), 'out', 8, 4));
  });
  const x = normal(5, [2, 6, 4]);
  const expected = evaluate(graph, { x });
  normalizeNetwork(graph);
  expect(graph.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(6);
  expect(graph.nodes.filter(({ op }) => op === 'MatMul')).toHaveLength(2);
  expect(relativeError(evaluate(graph, { x }), expected)).toBeLessThan(1e-6);
});
