import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../../test/evaluate.ts';
import { Graph, i64, int, ints, str, type Value, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { unifyPools } from './unify-pools.ts';

type Build = (x: Value, b: Builder) => Value;

/** The operators that are left, for an input `[N, 3, 4, 5]`. */
function check(build: Build, changed: boolean): string {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  graph.outputs = [build(graph.input('x', 'float32', ['N', 3, 4, 5]), b)];
  const { name } = graph.outputs[0]!;
  const feeds = { x: normal(1, [2, 3, 4, 5]) };
  const expected = evaluate(graph, feeds);
  expect(unifyPools(verify(graph))).toBe(changed);
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-12);
  expect(unifyPools(graph)).toBe(false);
  expect(graph.outputs[0]!.name).toBe(name);
  return graph.nodes.map((node) => node.op).join(' ');
}

const whole = { kernel_shape: ints([4, 5]) };
const shape = (b: Builder, ...dims: number[]) => b.constant('shape', i64(dims));

it.each<[string, Build, string]>([
  ['a mean that keeps dimensions', (x, b) => b.reduceMean(x, [2, 3], true), 'GlobalAveragePool'],
  ['a mean over axes from the end', (x, b) => b.reduceMean(x, [-1, -2]), 'GlobalAveragePool Flatten'],
  ['a maximum', (x, b) => b.reduce('ReduceMax', x, [3, 2], false), 'GlobalMaxPool Flatten'],
  ['columns, then rows', (x, b) => b.reduceMean(b.reduceMean(x, [3]), [2]), 'GlobalAveragePool Flatten'],
  ['rows, then columns', (x, b) => b.reduceMean(b.reduceMean(x, [2]), [2]), 'GlobalAveragePool Flatten'],
  ['rows, then columns, kept', (x, b) => b.reduceMean(b.reduceMean(x, [2], true), [3], true), 'GlobalAveragePool'],
  [
    'a pool of the whole image',
    (x, b) => b.op('AveragePool', [x], { ...whole, strides: ints([4, 5]) }),
    'GlobalAveragePool',
  ],
  ['a max pool of the whole image', (x, b) => b.op('MaxPool', [x], whole), 'GlobalMaxPool'],
  ['Squeeze', (x, b) => b.op('Squeeze', [b.op('GlobalAveragePool', [x]), b.i64([2, 3])]), 'GlobalAveragePool Flatten'],
  ['Reshape', (x, b) => b.op('Reshape', [x, shape(b, -1, 60)]), 'Flatten'],
  ['Reshape that keeps the batch', (x, b) => b.op('Reshape', [x, shape(b, 0, -1)]), 'Flatten'],
  [
    'Reshape to a computed shape',
    (x, b) => {
      const batch = b.op('Gather', [b.op('Shape', [x]), b.constant('zero', i64([0]))], { axis: int(0) });
      return b.op('Reshape', [x, b.concat([batch, b.constant('rest', i64([-1]))], 0)]);
    },
    'Flatten',
  ],
])('%s', (_, build, expected) => {
  expect(check(build, true)).toBe(expected);
});

it.each<[string, Build]>([
  ['a mean over channels', (x, b) => b.reduceMean(x, [1])],
  ['a mean over everything', (x, b) => b.reduce('ReduceMean', x, undefined, true)],
  ['a mean over rows', (x, b) => b.reduceMean(x, [2], true)],
  ['a mean of a maximum', (x, b) => b.reduceMean(b.reduce('ReduceMax', x, [3], false), [2])],
  ['a pool of a part', (x, b) => b.op('AveragePool', [x], { kernel_shape: ints([4, 4]) })],
  [
    'a padded pool',
    (x, b) => b.op('AveragePool', [x], { ...whole, pads: ints([1, 0, 1, 0]), count_include_pad: int(1) }),
  ],
  ['a pool that pads on its own', (x, b) => b.op('MaxPool', [x], { ...whole, auto_pad: str('SAME_UPPER') })],
  ['a shape that mixes images', (x, b) => b.op('Reshape', [x, shape(b, 3, -1)])],
  [
    'a mean that is also read between',
    (x, b) => {
      const y = b.reduceMean(x, [3], true);
      return b.add(b.reduceMean(y, [2], true), y);
    },
  ],
])('leaves %s', (_, build) => {
  check(build, false);
});
