import { describe, expect, it } from 'vitest';
import { Graph, int, type Tensor, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { findTraining, requireInference } from './training-mode.ts';

function network(end: (b: Builder, x: Value) => Value): Graph {
  const graph = new Graph('g');
  graph.outputs = [end(new Builder(graph), graph.input('x', 'float32', ['N', 2, 4, 4]))];
  return graph;
}

const batchNorm = (mode: number) => (b: Builder, x: Value) => {
  const values = [1, 2, 3, 4].map((i) =>
    b.constant(`c${i}`, { dtype: 'float32', dims: [2], data: new Float32Array(2) }),
  );
  return b.op('BatchNormalization', [x, ...values], { training_mode: int(mode) });
};
const flag = (data: number): Tensor => ({ dtype: 'bool', dims: [], data: Uint8Array.of(data) });
const dropout =
  (mode?: number, ratio = 0.5) =>
  (b: Builder, x: Value) =>
    b.op('Dropout', [x, b.scalar(ratio), ...(mode === undefined ? [] : [b.constant('mode', flag(mode))])]);

describe('training mode', () => {
  it.each([
    ['a batch norm', batchNorm(1)],
    ['a Dropout', dropout(1)],
  ])('of %s is refused', (_, end) => {
    expect(() => requireInference(network(end))).toThrow(
      expect.objectContaining({ code: 'E_MODEL', message: expect.stringContaining('found one in training mode') }),
    );
  });

  it.each([
    ['a batch norm', batchNorm(0)],
    ['a Dropout', dropout()],
    ['a Dropout that is told so', dropout(0)],
    ['a Dropout of nothing', dropout(1, 0)],
  ])('is not that of %s of inference', (_, end) => {
    expect(findTraining(network(end))).toEqual([]);
    requireInference(network(end));
  });
});
