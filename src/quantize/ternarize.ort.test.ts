import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { compile } from '../engine/index.ts';
import { f32, Graph } from '../ir/index.ts';
import { Builder, canonicalOpset } from '../ops/index.ts';
import { removeMarkers } from '../passes/index.ts';
import { countTernary, emitTernary, type Granularity, isTernary, ternarize } from './ternarize.ts';

const weights = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 12, maxLength: 12 });
const granularities: readonly Granularity[] = ['tensor', 'filter'];

/** q(w) = s t(w), per filter of four elements. */
function quantized(data: readonly number[], granularity: Granularity): number[] {
  const { values, scales } = ternarize(f32([3, 4], data), granularity);
  return Array.from(values.data, (t, i) => t * scales[granularity === 'filter' ? i >> 2 : 0]!);
}

describe('ternarize', () => {
  it('gives -1, 0 and 1, of the sign of the weight, with a scale that is not negative', () => {
    fc.assert(
      fc.property(weights, fc.constantFrom(...granularities), (data, granularity) => {
        const { values, scales } = ternarize(f32([3, 4], data), granularity);
        expect(isTernary(values)).toBe(true);
        expect(values.data.every((t, i) => t === 0 || t === Math.sign(Math.fround(data[i]!)))).toBe(true);
        expect(scales.every((s) => s >= 0)).toBe(true);
        expect(scales).toHaveLength(granularity === 'filter' ? 3 : 1);
      }),
    );
  });

  it('is exact on weights that are ternary up to a scale and not too dense', () => {
    // a fraction p of ones has the threshold 0.7 p s < s: always exact
    const trits = fc.array(fc.constantFrom(-1, 0, 1), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(trits, fc.constantFrom(0.25, 1, 3), fc.constantFrom(...granularities), (data, scale, granularity) => {
        const scaled = data.map((t) => t * scale);
        expect(quantized(scaled, granularity)).toEqual(scaled.map((v) => v + 0));
      }),
    );
  });

  it('keeps what lies above 0.7 of the mean magnitude, with the mean of what it keeps as scale', () => {
    // mean of |w| is 1, so the threshold is 0.7
    const { values, scales } = ternarize(f32([2, 2], [-2.4, 0.71, 0.69, 0.2]), 'tensor');
    expect([...values.data]).toEqual([-1, 1, 0, 0]);
    expect(scales[0]).toBeCloseTo((2.4 + 0.71) / 2, 6);
  });

  it('has the scale 0 where all weights are zero', () => {
    const { values, scales } = ternarize(f32([2, 2], [0, 0, 1, -3]), 'filter');
    expect([[...values.data], [...scales]]).toEqual([
      [0, 0, 0, -1],
      [0, 3],
    ]);
  });

  it.each(granularities)('equals the subgraph that training uses, one scale a %s', async (granularity) => {
    const graph = new Graph('q', canonicalOpset);
    const w = normal(1, [5, 7, 3, 3]);
    const input = graph.input('w', 'float32', w.dims);
    graph.outputs = [emitTernary(new Builder(graph), input, granularity)];
    removeMarkers(graph);
    const executable = await compile(graph, { threads: 1 });
    const [result] = Object.values(await executable.run({ w }));
    await executable.release();
    const { values, scales } = ternarize(w, granularity);
    for (const [i, q] of (result!.data as Float32Array).entries()) {
      expect(q).toBeCloseTo(values.data[i]! * scales[granularity === 'filter' ? Math.floor(i / 63) : 0]!, 5);
    }
  });
});

it('counts', () => {
  expect(countTernary(f32([5], [1, 0, -1, 1, -0]))).toEqual({ minus: 1, zero: 2, plus: 2 });
  expect(isTernary(f32([2], [1, 0.5]))).toBe(false);
});
