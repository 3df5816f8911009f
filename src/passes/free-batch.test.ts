import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { buildRandom, feedsOf, recipes } from '../../test/random-graph.ts';
import { Graph, type Value, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { freeBatch } from './free-batch.ts';
import { inferShapes } from './infer-shapes.ts';

function build(rest: (x: Value, b: Builder) => Value, batch: number | string = 1): Graph {
  const graph = new Graph('net', 20);
  graph.outputs = [rest(graph.input('x', 'float32', [batch, 4, 2, 2]), new Builder(graph))];
  return verify(graph);
}

it('frees a channel shuffle and a flattening that name the batch', () => {
  const graph = build((x, b) => {
    const pairs = b.transpose(b.reshape(x, [1, 2, 2, 2, 2]), [0, 2, 1, 3, 4]);
    return b.gemm(b.reshape(b.reshape(pairs, [1, 4, 2, 2]), [1, 16]), b.constant('w', normal(1, [16, 3])));
  });
  const images = [normal(1, [1, 4, 2, 2]), normal(2, [1, 4, 2, 2])];
  const expected = images.flatMap((x) => evaluate(graph, { x }));
  expect(freeBatch(graph)).toBe(true);
  expect(graph.inputs[0]!.shape).toEqual(['N', 4, 2, 2]);
  expect(graph.outputs[0]!.shape).toEqual(['N', 3]);
  const data = Float32Array.from(images.flatMap((x) => [...x.data]));
  expect(relativeError(evaluate(graph, { x: { dtype: 'float32', dims: [2, 4, 2, 2], data } }), expected)).toBe(0);
  expect(freeBatch(graph)).toBe(false);
});

it.each<[string, (x: Value, b: Builder) => Value]>([
  ['images that are mixed', (x, b) => b.reshape(x, [-1, 2, 2, 2])],
  ['a constant for one image', (x, b) => b.concat([x, b.constant('token', normal(1, [1, 4, 2, 2]))], 2)],
  ['windows that become images, and images again', (x, b) => b.reshape(b.relu(b.reshape(x, [4, 2, 2])), [1, 4, 2, 2])],
])('leaves %s', (_, rest) => {
  const graph = build(rest);
  const shapes = graph.nodes.map((node) => node.output().shape);
  expect(freeBatch(graph)).toBe(false);
  expect(inferShapes(graph).nodes.map((node) => node.output().shape)).toEqual(shapes);
});

it('calls the batch by a name that nothing else has', () => {
  const graph = new Graph('net', 20);
  graph.outputs = [new Builder(graph).relu(graph.input('x', 'float32', [1, 3, 'N', 'N']))];
  expect(freeBatch(graph)).toBe(true);
  expect(graph.outputs[0]!.shape).toEqual(['NN', 3, 'N', 'N']);
});

it('gives random networks the same scores for each image of a batch', () => {
  const property = fc.property(recipes(8), (recipe) => {
    const graph = inferShapes(buildRandom(recipe, 1));
    const feeds = feedsOf(2);
    const size = feeds.x.data.length / 2;
    const expected = [0, 1].flatMap((i) =>
      evaluate(graph, { x: { ...feeds.x, dims: [1, 4, 6, 6], data: feeds.x.data.slice(i * size, (i + 1) * size) } }),
    );
    expect(freeBatch(graph)).toBe(true);
    expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-9);
  });
  fc.assert(property, { numRuns: 100 });
});
