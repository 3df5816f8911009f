import { expect, it } from 'vitest';
import { evaluate, normal } from '../../../test/evaluate.ts';
import { f32, Graph, scalar, type Value, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { unifyClips } from './unify-clips.ts';

type Build = (x: Value, b: Builder) => Value;

function check(build: Build, changed: boolean): string {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  graph.outputs = [build(graph.input('x', 'float32', [4, 5]), b)];
  const feeds = {
    x: f32(
      [4, 5],
      normal(1, [4, 5]).data.map((v) => 4 * v),
    ),
  };
  const expected = evaluate(graph, feeds);
  expect(unifyClips(verify(graph))).toBe(changed);
  expect(evaluate(verify(graph), feeds)).toEqual(expected);
  expect(unifyClips(graph)).toBe(false);
  const bound = (value: Value | undefined) => (value ? value.constant?.data[0] : '');
  return graph.nodes.map((node) => [node.op, ...node.inputs.slice(1).map(bound)].join(' ')).join(', ');
}

it.each<[string, Build, string]>([
  ['Min(Relu)', (x, b) => b.min(b.relu(x), 6), 'Clip 0 6'],
  ['Min(6, Max(x, 0))', (x, b) => b.min(b.scalar(6), b.max(x, 0)), 'Clip 0 6'],
  ['Max of a vector of one', (x, b) => b.max(x, b.constant('zero', f32([1], [0]))), 'Relu'],
  ['Max alone', (x, b) => b.max(x, -1), 'Clip -1'],
  ['Min alone', (x, b) => b.min(x, 2), 'Clip  2'],
  ['Relu(Relu)', (x, b) => b.relu(b.relu(x)), 'Relu'],
  [
    'Clip(Clip) that overlap',
    (x, b) => b.op('Clip', [b.op('Clip', [x, b.scalar(-1), b.scalar(2)]), b.scalar(1), b.scalar(5)]),
    'Clip 1 2',
  ],
  [
    'Clip(Clip) apart',
    (x, b) => b.op('Clip', [b.op('Clip', [x, b.scalar(-2), b.scalar(-1)]), b.scalar(1), b.scalar(3)]),
    'Clip 1 1',
  ],
])('%s', (_, build, expected) => {
  expect(check(build, true)).toBe(expected);
});

it.each<[string, Build]>([
  ['a Relu and a Clip alone', (x, b) => b.add(b.relu(x), b.op('Clip', [x, b.scalar(0)]))],
  ['a bound per column', (x, b) => b.max(x, b.constant('c', f32([5], [1, 2, 3, 4, 5])))],
  ['a maximum of two', (x, b) => b.max(x, b.neg(x))],
  ['a bound with more dimensions', (x, b) => b.max(x, b.constant('c', f32([1, 1, 1], [1])))],
  [
    'a value that others read',
    (x, b) => {
      const y = b.relu(x);
      return b.add(b.op('Clip', [y, undefined, b.constant('six', scalar(6))]), y);
    },
  ],
])('leaves %s', (_, build) => {
  check(build, false);
});
