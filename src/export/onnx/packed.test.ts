import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Graph, toNumbers } from '../../ir/index.ts';
import { foldConstants, removeDead } from '../../passes/index.ts';
import { Emitter } from './emitter.ts';
import { emitPacked, fiveTrits, nibbles, packValues } from './packed.ts';

const trits = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 1, maxLength: 64 });
const integers = fc.array(fc.integer({ min: -8, max: 7 }), { minLength: 1, maxLength: 64 });

it('puts the first of five trits lowest', () => {
  // (1+1) + 3 (0+1) + 9 (-1+1) + 27 (0+1) + 81 (1+1) = 194; the second byte: (-1+1) + 3 + 9 + 27 + 81 = 120
  expect([...packValues([1, 0, -1, 0, 1, -1], fiveTrits)]).toEqual([194, 120]);
  expect([...packValues([1, 1, 1, 1, 1], fiveTrits)]).toEqual([242]);
  expect(packValues([], fiveTrits)).toHaveLength(0);
});

it('puts the first of two integers lowest', () => {
  expect([...packValues([7, -8, -1], nibbles)]).toEqual([15, 7 + 16 * 8]);
});

const packings = [
  ['float32', fiveTrits, trits],
  ['int8', fiveTrits, trits],
  ['float32', nibbles, integers],
  ['int8', nibbles, integers],
] as const;

it.each(packings)('is taken back by standard operators, as %s, %o', (dtype, packing, drawn) => {
  fc.assert(
    fc.property(drawn, fc.boolean(), (values, isColumn) => {
      const graph = new Graph();
      const dims = isColumn ? [values.length, 1] : [1, values.length];
      const weight = emitPacked(new Emitter(graph), 'w', values, dims, dtype, packing);
      graph.outputs = [weight];
      expect(graph.value('w').constant!.data).toHaveLength(Math.ceil(values.length / packing.perByte));
      foldConstants(graph);
      removeDead(graph);
      expect(graph.nodes).toEqual([]);
      const [{ constant }] = graph.outputs as [(typeof graph.outputs)[0]];
      expect([constant!.dtype, constant!.dims, toNumbers(constant!)]).toEqual([dtype, dims, values]);
    }),
  );
});
