import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../../test/evaluate.ts';
import { type Attributes, Graph, i64, int, ints, str, type Value, verify } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { foldPads } from './fold-pads.ts';

const around = [0, 0, 1, 0, 0, 0, 2, 1];

interface Options {
  readonly attributes?: Attributes;
  readonly pads?: readonly number[];
  readonly fill?: number;
  readonly mode?: string;
  readonly positive?: (x: Value, b: Builder) => Value;
}

function build(op: string, { attributes = {}, pads = around, fill, mode = 'constant', positive }: Options = {}): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const input = graph.input('x', 'float32', ['N', 2, 6, 6]);
  const x = positive ? positive(input, b) : input;
  const padded = b.op('Pad', [x, b.constant('p', i64(pads)), fill === undefined ? undefined : b.scalar(fill)], {
    mode: str(mode),
  });
  const inputs = op === 'Conv' ? [padded, b.constant('w', normal(1, [3, 2, 3, 3]))] : [padded];
  graph.outputs = [b.op(op, inputs, { kernel_shape: ints([3, 3]), ...attributes }, 'window')];
  return verify(graph);
}

function expectFolded(graph: Graph, attributes: Attributes): void {
  const feeds = { x: normal(2, [2, 2, 6, 6]) };
  const expected = evaluate(graph, feeds);
  expect(foldPads(graph)).toBe(true);
  expect(graph.nodes.some((node) => node.op === 'Pad')).toBe(false);
  expect(graph.nodes.at(-1)!.attributes).toEqual({ kernel_shape: ints([3, 3]), ...attributes });
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-12);
  expect(foldPads(graph)).toBe(false);
}

it('adds to the padding of a convolution', () => {
  expectFolded(build('Conv', { attributes: { pads: ints([0, 1, 2, 0]), strides: ints([2, 2]) }, fill: 0 }), {
    pads: ints([1, 1, 4, 1]),
    strides: ints([2, 2]),
  });
  expectFolded(build('Conv', { attributes: { auto_pad: str('VALID') } }), { pads: ints([1, 0, 2, 1]) });
});

it('makes an average pool count its padding', () => {
  expectFolded(build('AveragePool'), { pads: ints([1, 0, 2, 1]), count_include_pad: int(1) });
  const counting = { pads: ints([1, 1, 0, 1]), count_include_pad: int(1) };
  expectFolded(build('AveragePool', { attributes: counting }), { ...counting, pads: ints([2, 1, 2, 2]) });
  expect(foldPads(build('AveragePool', { attributes: { pads: ints([1, 1, 0, 1]) } }))).toBe(false);
});

it('pads a max pool with what is below its input', () => {
  const positives: readonly ((x: Value, b: Builder) => Value)[] = [
    (x, b) => b.relu(x),
    (x, b) => b.op('Clip', [x, b.scalar(0), b.scalar(6)]),
    (x, b) => b.max(x, 0.5),
    (x, b) => b.add(b.relu(x), b.op('Sigmoid', [x])),
  ];
  for (const positive of positives) expectFolded(build('MaxPool', { positive }), { pads: ints([1, 0, 2, 1]) });
  const others: readonly ((x: Value, b: Builder) => Value)[] = [
    (x) => x,
    (x, b) => b.op('Clip', [x, b.scalar(-1)]),
    (x, b) => b.op('Clip', [x, undefined, b.scalar(6)]),
    (x, b) => b.add(b.relu(x), x),
    (x, b) => b.neg(b.relu(x)),
  ];
  for (const positive of others) expect(foldPads(build('MaxPool', { positive }))).toBe(false);
});

it('leaves padding that is not zero, not around pixels, negative, or as large as a pool', () => {
  expect(foldPads(build('Conv', { fill: 1 }))).toBe(false);
  expect(foldPads(build('Conv', { mode: 'reflect' }))).toBe(false);
  expect(foldPads(build('Conv', { pads: [0, 0, 1, 1, 0, 0, -1, 0] }))).toBe(false);
  expect(foldPads(build('MaxPool', { pads: [1, 0, 1, 1, 0, 0, 0, 0] }))).toBe(false);
  expect(foldPads(build('Conv', { attributes: { auto_pad: str('SAME_UPPER') } }))).toBe(false);
  expect(foldPads(build('AveragePool', { pads: [0, 0, 3, 0, 0, 0, 0, 0] }))).toBe(false);
  expect(foldPads(build('AveragePool', { attributes: { ceil_mode: int(1) } }))).toBe(false);
});

it('looks through a transposition, and leaves the padding to others who read it', () => {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 6, 6, 2]);
  const padded = b.op('Pad', [x, b.constant('p', i64([0, 1, 0, 0, 0, 2, 1, 0]))]);
  const w = b.constant('w', normal(1, [3, 2, 3, 3]));
  const y = b.op('Conv', [b.transpose(padded, [0, 3, 1, 2]), w], { kernel_shape: ints([3, 3]) }, 'conv');
  graph.outputs = [y, b.op('Relu', [padded], {}, 'padded')];
  const feeds = { x: normal(2, [2, 6, 6, 2]) };
  const expected = evaluate(graph, feeds);
  expect(foldPads(verify(graph))).toBe(true);
  expect(graph.nodes.map((node) => node.op)).toEqual(['Pad', 'Transpose', 'Conv', 'Relu']);
  expect(y.producer!.ints('pads')).toEqual([1, 0, 2, 1]);
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-12);
});
