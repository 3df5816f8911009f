import { describe, expect, it } from 'vitest';
import { Graph, int, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { classesIn, readScores } from './score-kind.ts';

type End = (b: Builder, logits: Value) => Value;

function network(end: End, metadata?: string): Graph {
  const graph = new Graph('scores');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 10]);
  graph.outputs = [end(b, b.mul(x, 2))];
  if (metadata !== undefined) graph.metadata.set('scores', metadata);
  return graph;
}

const softmax: End = (b, x) => b.op('Softmax', [x]);
const sigmoid: End = (b, x) => b.op('Sigmoid', [x]);
/** Node by node, with a second input where the operator wants one. */
const behind =
  (first: End, ...ops: ((b: Builder, x: Value) => Value)[]): End =>
  (b, x) =>
    ops.reduce((y, op) => op(b, y), first(b, x));

describe('what the scores are', () => {
  it.each<[string, End, string]>([
    ['nothing', (_, x) => x, 'logits'],
    ['a Softmax', softmax, 'probabilities'],
    ['Identity', behind(softmax, (b, x) => b.op('Identity', [x])), 'probabilities'],
    ['Reshape', behind(softmax, (b, x) => b.reshape(x, [0, -1, 1, 1])), 'probabilities'],
    ['Flatten', behind(softmax, (b, x) => b.op('Flatten', [x])), 'probabilities'],
    [
      'Unsqueeze and Squeeze',
      behind(
        softmax,
        (b, x) => b.op('Unsqueeze', [x, b.i64([2])]),
        (b, x) => b.op('Squeeze', [x, b.i64([2])]),
      ),
      'probabilities',
    ],
    ['Cast', behind(softmax, (b, x) => b.cast(b.cast(x, 'float16'), 'float32')), 'probabilities'],
    ['Dropout', behind(softmax, (b, x) => b.op('Dropout', [x])), 'probabilities'],
    [
      'a choice of classes',
      behind(softmax, (b, x) => b.slice(x, { starts: [1], ends: [10], axes: [1] })),
      'probabilities',
    ],
    ['bounds', behind(softmax, (b, x) => b.op('Clip', [x, b.scalar(1e-7), b.scalar(1)])), 'probabilities'],
    ['exp(x) / sum exp(x)', (b, x) => b.div(b.exp(x), b.reduceSum(b.exp(x), [1], true)), 'logits'],
    ['the quotient that older exporters wrote', (b, x) => quotient(b, x), 'probabilities'],
    ['a LogSoftmax', (b, x) => b.op('LogSoftmax', [x]), 'logits'],
    ['exp of a LogSoftmax', (b, x) => b.exp(b.op('LogSoftmax', [x])), 'probabilities'],
    ['sigmoids', sigmoid, 'independent'],
    ['sigmoids behind a Flatten', behind(sigmoid, (b, x) => b.op('Flatten', [x])), 'independent'],
    [
      'five Softmaxes of two classes',
      (b, x) => b.reshape(b.op('Softmax', [b.reshape(x, [0, 5, 2])]), [0, 10]),
      'independent',
    ],
    [
      'a Softmax over channels',
      (b, x) => b.op('Flatten', [b.op('Softmax', [b.reshape(x, [0, 10, 1, 1])], { axis: int(1) })]),
      'probabilities',
    ],
    ['a Softmax that something follows', behind(softmax, (b, x) => b.mul(x, 3)), 'logits'],
  ])('%s', (_, end, kind) => {
    expect(readScores(network(end)).kind).toBe(kind);
  });

  it('is what the metadata say', () => {
    expect(readScores(network((_, x) => x, 'independent'))).toEqual({
      kind: 'independent',
      activation: undefined,
      isLast: true,
    });
    expect(readScores(network(softmax, 'logits')).activation).toBeUndefined();
    expect(() => readScores(network(softmax, 'percent'))).toThrow(
      "metadata scores: expected one of logits, probabilities, independent, found 'percent'",
    );
  });
});

function quotient(b: Builder, x: Value): Value {
  const power = b.exp(x);
  return b.div(power, b.reduceSum(power, [1], true));
}

it.each([
  [['N', 10], 10],
  [[1, 10, 1, 1], 10],
  [['N', 1], undefined],
  [['N', 'K'], undefined],
  [['N', 10, 7, 7], undefined],
  [undefined, undefined],
])('classes in %j', (shape, classes) => expect(classesIn(shape)).toBe(classes));
