import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Graph, toNumbers } from '../../ir/index.ts';
import { foldConstants, removeDead } from '../../passes/index.ts';
import { Emitter } from './emitter.ts';
import { emitTrits, packTrits } from './trits.ts';

const trits = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 1, maxLength: 64 });

it('puts the first of five trits lowest', () => {
  // (1+1) + 3 (0+1) + 9 (-1+1) + 27 (0+1) + 81 (1+1) = 194; the second byte: (-1+1) + 3 + 9 + 27 + 81 = 120
  expect([...packTrits([1, 0, -1, 0, 1, -1])]).toEqual([194, 120]);
  expect([...packTrits([1, 1, 1, 1, 1])]).toEqual([242]);
  expect(packTrits([])).toHaveLength(0);
});

it.each(['float32', 'int8'] as const)('is taken back by standard operators, as %s', (dtype) => {
  fc.assert(
    fc.property(trits, fc.boolean(), (values, isColumn) => {
      const graph = new Graph();
      const dims = isColumn ? [values.length, 1] : [1, values.length];
      const weight = emitTrits(new Emitter(graph), 'w', values, dims, dtype);
      graph.outputs = [weight];
      expect(graph.value('w').constant!.data).toHaveLength(Math.ceil(values.length / 5));
      foldConstants(graph);
      removeDead(graph);
      expect(graph.nodes).toEqual([]);
      const [{ constant }] = graph.outputs as [(typeof graph.outputs)[0]];
      expect([constant!.dtype, constant!.dims, toNumbers(constant!)]).toEqual([dtype, dims, values]);
    }),
  );
});
