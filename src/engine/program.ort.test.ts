import { describe, expect, it } from 'vitest';
import { f32, Graph, scalar, type Tensor, toNumbers } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { compileProgram, type Program, type StateSlot } from './program.ts';

/** `a' = a + x`, `b' = b a` on a slot of two parts and a slot of one; the output `sum` is that of the new `a`. */
function counter(): { graph: Graph; slots: StateSlot[] } {
  const graph = new Graph('counter');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', []);
  const [a, factor] = [graph.input('a', 'float32', [3]), graph.input('b', 'float32', [3])];
  const sum = b.add(a, x);
  const total = b.reduceSum(sum, [0]);
  graph.outputs = [total, sum, b.mul(factor, a)];
  graph.rename(total, 'sum');
  const slots = [
    {
      input: 'a',
      next: sum.name,
      parts: [
        { name: 'matrix', initial: f32([1, 2], [1, 2]) },
        { name: 'bias', initial: f32([1], [3]) },
      ],
    },
    { input: 'b', next: graph.outputs[2]!.name, parts: [{ name: 'product', initial: f32([3], [1, 1, 1]) }] },
  ];
  return { graph, slots };
}

async function using(test: (program: Program) => Promise<void>): Promise<void> {
  const { graph, slots } = counter();
  const program = await compileProgram(graph, slots);
  try {
    await test(program);
  } finally {
    await program.release();
  }
}

const values = (state: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...state].map(([name, tensor]) => [name, toNumbers(tensor)]));

describe('compileProgram', () => {
  it('carries state from step to step and returns the other outputs', () =>
    using(async (program) => {
      expect(values(await program.state())).toEqual({ matrix: [1, 2], bias: [3], product: [1, 1, 1] });
      const outputs = await program.step({ x: scalar(10) });
      expect(Object.keys(outputs)).toEqual(['sum']);
      expect(toNumbers(outputs.sum!)).toEqual([36]);
      expect(values(await program.state())).toEqual({ matrix: [11, 12], bias: [13], product: [1, 2, 3] });
      await program.step({ x: scalar(1) });
      await program.step({ x: scalar(-1) });
      expect(values(await program.state())).toEqual({ matrix: [11, 12], bias: [13], product: [132, 312, 546] });
      expect((await program.state()).get('matrix')!.dims).toEqual([1, 2]);
    }));

  it('gives copies of its state', () =>
    using(async (program) => {
      const state = await program.state();
      (state.get('bias')!.data as Float32Array)[0] = 99;
      expect(values(await program.state()).bias).toEqual([3]);
      const kept = await program.state();
      await program.step({ x: scalar(1) });
      await program.step({ x: scalar(1) });
      expect(values(kept)).toEqual({ matrix: [1, 2], bias: [3], product: [1, 1, 1] });
    }));

  it('remembers the state before the last step', () =>
    using(async (program) => {
      await program.step({ x: scalar(1) });
      const between = values(await program.state());
      await program.step({ x: scalar(Number.NaN) });
      expect(values(program.previousState()!)).toEqual(between);
      await program.load(new Map([['bias', f32([1], [7])]]));
      await program.step({ x: scalar(1) });
      expect(values(program.previousState()!).bias).toEqual([7]);
    }));

  it('loads parts by name, leaves the others, and keeps no hold of the given tensors', () =>
    using(async (program) => {
      await program.step({ x: scalar(1) });
      const bias = f32([1], [-5]);
      await program.load(
        new Map([
          ['bias', bias],
          ['unknown', f32([8])],
        ]),
      );
      expect(values(await program.state())).toEqual({ matrix: [2, 3], bias: [-5], product: [1, 2, 3] });
      await program.step({ x: scalar(0) });
      await program.step({ x: scalar(1) });
      expect(bias).toEqual(f32([1], [-5]));
      expect(values(await program.state())).toEqual({ matrix: [3, 4], bias: [-4], product: [4, 18, 75] });
    }));

  it('refuses a wrong shape and then changes nothing', () =>
    using(async (program) => {
      const wrong = new Map([
        ['matrix', f32([1, 2], [8, 8])],
        ['product', f32([1, 3])],
      ]);
      await expect(program.load(wrong)).rejects.toMatchObject({
        code: 'E_RESUME',
        message: "state 'product': expected [3], found [1 x 3]",
      });
      expect(values(await program.state())).toEqual({ matrix: [1, 2], bias: [3], product: [1, 1, 1] });
    }));

  it('says what was missing from a step, and goes on afterwards', () =>
    using(async (program) => {
      await expect(program.step({})).rejects.toMatchObject({ code: 'E_DEVICE', where: "graph 'counter'" });
      expect(values(await program.state()).bias).toEqual([3]);
      await program.step({ x: scalar(1) });
      expect(values(await program.state()).bias).toEqual([4]);
    }));
});
