import { expect, it } from 'vitest';
import { smallNetwork } from '../../test/ort/train-small.ts';
import { f32 } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { decays, findParameters } from './parameters.ts';

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
