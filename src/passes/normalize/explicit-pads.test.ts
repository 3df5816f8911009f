import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../../test/evaluate.ts';
import { type Attributes, Graph, ints, str } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { writePads } from './explicit-pads.ts';

function build(op: string, automatic: string, attributes: Attributes, sizes: readonly (number | string)[] = [7, 8]) {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 2, ...sizes]);
  const inputs = op === 'Conv' ? [x, b.constant('w', normal(1, [3, 2, 3, 4]))] : [x];
  const all = { kernel_shape: ints([3, 4]), ...attributes, auto_pad: str(automatic) };
  graph.outputs = [b.op(op, inputs, all, 'window')];
  return graph;
}

const padsOf = (graph: Graph) => graph.nodes[0]!.ints('pads', []);

// height 7, stride 2: 4 windows of 3 span 9, 2 missing; width 8, stride 3: 3 windows of 4 span 10, 2 missing
it.each(['Conv', 'AveragePool', 'MaxPool'])('%s: what is missing, halved', (op) => {
  const graph = build(op, 'SAME_UPPER', { strides: ints([2, 3]) });
  const feeds = { x: normal(2, [2, 2, 7, 8]) };
  const expected = evaluate(graph, feeds);
  expect(writePads(graph)).toBe(true);
  expect(graph.nodes[0]!.has('auto_pad')).toBe(false);
  expect(padsOf(graph)).toEqual([1, 1, 1, 1]);
  expect(relativeError(evaluate(graph, feeds), expected)).toBe(0);
  expect(writePads(graph)).toBe(false);
});

// stride 1: kernel - 1 = 2 and 3 missing
it.each([
  ['SAME_UPPER', [1, 1, 1, 2]],
  ['SAME_LOWER', [1, 2, 1, 1]],
  ['VALID', [0, 0, 0, 0]],
])('%s: the odd element', (automatic, pads) => {
  const graph = build('Conv', automatic, {});
  expect(writePads(graph)).toBe(true);
  expect(padsOf(graph)).toEqual(pads);
});

it('counts the span of a dilated kernel, of convolutions only', () => {
  const graph = build('Conv', 'SAME_UPPER', { dilations: ints([2, 1]) });
  writePads(graph);
  expect(padsOf(graph)).toEqual([2, 1, 2, 2]);
  expect(writePads(build('MaxPool', 'SAME_UPPER', { dilations: ints([2, 1]) }))).toBe(false);
});

it('an unknown size matters with a stride only', () => {
  const sizes = ['H', 8];
  expect(writePads(build('Conv', 'SAME_UPPER', { strides: ints([2, 1]) }, sizes))).toBe(false);
  const graph = build('Conv', 'SAME_UPPER', {}, sizes);
  expect(writePads(graph)).toBe(true);
  expect(padsOf(graph)).toEqual([1, 1, 1, 2]);
});

it('drops NOTSET and keeps its pads', () => {
  const graph = build('Conv', 'NOTSET', { pads: ints([0, 1, 0, 2]) });
  expect(writePads(graph)).toBe(true);
  expect(graph.nodes[0]!.attributes).toEqual({ kernel_shape: ints([3, 4]), pads: ints([0, 1, 0, 2]) });
});
