import { expect, it } from 'vitest';
import { evaluate } from '../../test/evaluate.ts';
import { f32, Graph, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { logitsOf } from './scores.ts';
import { Tally } from './tally.ts';

const logits = [2, -1, 0.5];
const x = f32([1, 3], logits);

function network(end: (b: Builder, x: Value) => Value, scores?: string): Graph {
  const graph = new Graph('scores');
  graph.outputs = [end(new Builder(graph), graph.input('x', 'float32', [1, 3]))];
  if (scores) graph.metadata.set('scores', scores);
  graph.outputs = [logitsOf(graph)];
  return graph;
}

const softmax = (values: readonly number[]) => {
  const powers = values.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((p) => p / sum);
};

it('finds the logits behind a Softmax and behind sigmoids', () => {
  const flat = (b: Builder, v: Value) => b.op('Flatten', [v]);
  expect(
    evaluate(
      network((b, v) => flat(b, b.op('Softmax', [v]))),
      { x },
    ),
  ).toEqual(logits);
  expect(
    evaluate(
      network((b, v) => flat(b, b.op('Sigmoid', [v]))),
      { x },
    ),
  ).toEqual(logits);
});

it('takes logarithms where nothing else is there', () => {
  const chosen = network((b, v) => b.slice(b.op('Softmax', [v]), { starts: [0], ends: [2], axes: [1] }));
  const found = evaluate(chosen, { x });
  for (const [k, p] of softmax(logits).slice(0, 2).entries()) expect(found[k]).toBeCloseTo(Math.log(p), 5);
  const stated = evaluate(
    network((b, v) => b.mul(v, 1), 'independent'),
    { x: f32([1, 3], [0.5, 0.25, 0.9]) },
  );
  // ln(p / (1 - p)): 0, -ln 3, ln 9
  for (const [k, z] of [0, -Math.log(3), Math.log(9)].entries()) expect(stated[k]).toBeCloseTo(z, 5);
});

it('counts independent scores by the binary cross-entropy of each class', () => {
  const tally = new Tally(3, 1);
  tally.add(Float32Array.of(0.5, 0.25, 0.125), Int32Array.of(1), 1, 'independent');
  const { loss, probabilities, top1 } = tally.result([], 1, 1);
  expect(loss).toBeCloseTo(-Math.log(0.5) - Math.log(0.25) - Math.log(0.875), 6);
  expect([...probabilities, top1]).toEqual([0.5, 0]);
});
