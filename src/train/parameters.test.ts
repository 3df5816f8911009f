import { expect, it } from 'vitest';
import { smallNetwork } from '../../test/ort/train-small.ts';
import { f32, Graph } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { decays, findParameters, fixedConstants } from './parameters.ts';

it('tells learned parameters, running averages and constants apart', () => {
  const graph = smallNetwork();
  const b = new Builder(graph);
  const scaled = b.mul(graph.outputs[0]!, 2);
  graph.initializer('unread', f32([3]));
  graph.outputs = [b.reshape(scaled, [-1, 5])];
  const frozen = new Set(['conv_bn_shift', 'classifier_weight']);
  const { learned, running } = findParameters(graph, frozen);
  const layers = ['conv', 'depthwise', 'pointwise'];
  expect(running.map((v) => v.name)).toEqual(layers.flatMap((l) => [`${l}_bn_mean`, `${l}_bn_variance`]));
  expect(learned.map((v) => v.name)).toEqual(
    [...layers.flatMap((l) => [`${l}_weight`, `${l}_bn_scale`, `${l}_bn_shift`]), 'classifier_bias'].filter(
      (name) => !frozen.has(name),
    ),
  );
  expect(learned.filter(decays).map((v) => v.name)).toEqual(layers.map((l) => `${l}_weight`));
});

it('finds what a model does to its pixels itself', () => {
  const graph = new Graph('own', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 4, 4]);
  const centred = b.sub(x, b.constant('mean', f32([1, 3, 1, 1], [1, 2, 3])));
  const scaled = b.mul(b.constant('factor', f32([1, 3, 1, 1], [4, 5, 6])), b.relu(centred));
  const bias = b.reshape(b.constant('bias', f32([2])), [1, 2, 1, 1]);
  const y = b.add(b.op('Conv', [scaled, b.constant('weight', f32([2, 3, 1, 1]))]), bias);
  graph.outputs = [b.mul(y, b.constant('slope', f32([1, 2, 1, 1])))];
  expect(fixedConstants(graph)).toEqual(['mean', 'factor']);
  expect(fixedConstants(smallNetwork())).toEqual([]);
});
