import { describe, expect, it } from 'vitest';
import { evaluate } from '../../test/evaluate.ts';
import { f32, Graph, toNumbers, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { companion, packInitializers, slotOf } from './state.ts';

/** `x m + v * s`, with a matrix m and vectors v and s. */
function sample() {
  const graph = new Graph('sample');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', [1, 2]);
  const m = b.constant('m', f32([2, 3], [1, 2, 3, 4, 5, 6]));
  const v = b.constant('v', f32([3], [10, 20, 30]));
  const s = b.constant('s', f32([3], [1, -1, 2]));
  graph.outputs = [b.add(b.matmul(x, m), b.mul(v, s))];
  return { graph, m, v, s };
}

const x = f32([1, 2], [1, 1]);

describe('packInitializers', () => {
  it('replaces several initializers by parts of one flat input', () => {
    const { graph, v, s } = sample();
    const expected = evaluate(graph, { x });
    const pack = packInitializers(graph, 'vectors', [v, s]);
    verify(graph);
    expect(pack.input.type).toEqual({ dtype: 'float32', shape: [6] });
    expect(pack.parts).toEqual([
      { name: 'v', initial: f32([3], [10, 20, 30]) },
      { name: 's', initial: f32([3], [1, -1, 2]) },
    ]);
    expect([graph.find('v'), graph.find('s')]).toEqual([undefined, undefined]);
    const packed = f32(
      [6],
      pack.parts.flatMap((p) => toNumbers(p.initial)),
    );
    expect(evaluate(graph, { x, vectors: packed })).toEqual(expected);
  });

  it('gives a matrix its shape back', () => {
    const { graph, m } = sample();
    const expected = evaluate(graph, { x });
    const pack = packInitializers(graph, 'm', [m]);
    verify(graph);
    expect(pack.input.dims).toEqual([6]);
    expect(evaluate(graph, { x, [pack.input.name]: f32([6], toNumbers(pack.parts[0]!.initial)) })).toEqual(expected);
  });
});

it('makes companions and slots of the same layout', () => {
  const { graph, v, s } = sample();
  const pack = packInitializers(graph, 'vectors', [v, s]);
  const zero = companion(graph, pack, 'momentum', ({ dims }) => f32(dims));
  expect(zero.input.dims).toEqual(pack.input.dims);
  expect(zero.parts).toEqual([
    { name: 'v/momentum', initial: f32([3]) },
    { name: 's/momentum', initial: f32([3]) },
  ]);
  expect(slotOf(zero, 'next')).toEqual({ input: 'vectors/momentum', next: 'next', parts: zero.parts });
});
