import { describe, expect, it } from 'vitest';
import { Graph } from '../ir/index.ts';
import { writeModel } from '../onnx/index.ts';
import { deliver, type FetchOptions, readFetches } from './fetches.ts';
import { InferenceSession, Tensor } from './node.ts';

const usage = (message: string) => expect.objectContaining({ code: 'E_USAGE', message });

describe('what is fetched', () => {
  it('all outputs, or those that are named, in the order of the names', () => {
    expect([...readFetches(['a', 'b'], undefined).keys()]).toEqual(['a', 'b']);
    expect([...readFetches(['a', 'b', 'c'], ['c', 'a']).keys()]).toEqual(['c', 'a']);
    expect([...readFetches(['a', 'b'], []).keys()]).toEqual([]);
    const target = new Tensor('float32', new Float32Array(2));
    expect([...readFetches(['a', 'b'], { b: target, a: null })]).toEqual([
      ['b', target],
      ['a', undefined],
    ]);
  });

  it.each<[options: unknown, message: string]>([
    [['c'], "output 'c': expected one of 'a', 'b', found another"],
    [{ c: null }, "output 'c': expected one of 'a', 'b', found another"],
    [{ a: undefined }, "output 'a': expected null or a Tensor, found undefined"],
    [{ a: new Float32Array(2) }, "output 'a': expected null or a Tensor, found object"],
    ['a', 'fetches: expected names of outputs or an object with them, found string'],
    [null, 'fetches: expected names of outputs or an object with them, found null'],
  ])('refuses %j', (options, message) => {
    expect(() => readFetches(['a', 'b'], options as FetchOptions)).toThrow(usage(message));
  });
});

describe('delivery', () => {
  const results = new Map<string, Tensor>([
    ['a', new Tensor('float32', [1, 2], [1, 2])],
    ['b', new Tensor('int8', [3])],
  ]);

  it("writes into the caller's tensor", () => {
    const target = new Tensor('float32', new Float32Array(2), [1, 2]);
    const delivered = deliver(results, new Map([['a', target]]));
    expect(Object.keys(delivered)).toEqual(['a']);
    expect(delivered.a).toBe(target);
    expect([...target.data]).toEqual([1, 2]);
  });

  it.each([
    [new Tensor('float32', new Float32Array(2), [2]), "output 'a': expected float32 [1, 2], found float32 [2]"],
    [new Tensor('int8', new Int8Array(2), [1, 2]), "output 'a': expected float32 [1, 2], found int8 [1, 2]"],
  ])('refuses one that does not fit %#', (target, message) => {
    const fetches = new Map([['a', target as Tensor]]);
    expect(() => deliver(results, fetches)).toThrow(expect.objectContaining({ code: 'E_SHAPE', message }));
  });
});

it('a session returns what is fetched', async () => {
  const graph = new Graph('two', 20);
  const x = graph.input('x', 'float32', ['N', 3]);
  const outputOf = (op: string, name: string) => graph.add(op, [x], {}, { outputs: [name] }).output();
  graph.outputs = [outputOf('Neg', 'minus'), outputOf('Abs', 'size')];
  const session = await InferenceSession.create(writeModel(graph));
  const feeds = { x: new Tensor('float32', [1, -2, 3, -4, 5, -6], [2, 3]) };
  expect(Object.keys(await session.run(feeds))).toEqual(['minus', 'size']);
  expect(await session.run(feeds, ['size'])).toEqual({ size: new Tensor('float32', [1, 2, 3, 4, 5, 6], [2, 3]) });
  const target = new Tensor('float32', new Float32Array(6), [2, 3]);
  const { minus, size } = await session.run(feeds, { minus: target, size: null });
  expect(minus).toBe(target);
  expect([[...target.data], [...size!.data]]).toEqual([
    [-1, 2, -3, 4, -5, 6],
    [1, 2, 3, 4, 5, 6],
  ]);
  await expect(session.run(feeds, ['scores'])).rejects.toMatchObject({ code: 'E_USAGE' });
  const small = new Tensor('float32', new Float32Array(3), [1, 3]);
  await expect(session.run(feeds, { minus: small })).rejects.toMatchObject({ code: 'E_SHAPE' });
  // a refused run leaves the session in order
  expect(await session.run(feeds, [])).toEqual({});
});
