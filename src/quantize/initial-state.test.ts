import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../test/evaluate.ts';
import { f32, Graph, int, ints, type Tensor, TritbankError } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes, removeMarkers } from '../passes/index.ts';
import { applyPlan, loadState, type Plan, ternarize, toFrozen, toTernary } from '../quantize/index.ts';
import { type Factors, initialState, latentOf } from './initial-state.ts';

const feeds = { x: normal(1, [2, 3, 5, 5]) };
const biases = normal(2, [4]);

/** A 3x3 convolution with stride 2, a pointwise one, a Gemm; `weights` of the three. */
function network(weights: readonly Tensor[]): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 5, 5]);
  const [conv, pw, head] = weights.map((w, i) => b.constant(`w${i}`, w));
  const geometry = { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) };
  const y = b.relu(b.op('Conv', [x, conv, b.constant('b', biases)], geometry, 'conv'));
  const z = b.op('GlobalAveragePool', [b.relu(b.op('Conv', [y, pw], {}, 'pw'))]);
  graph.outputs = [b.op('Gemm', [b.op('Flatten', [z]), head], { transB: int(1) }, 'head')];
  return inferShapes(graph);
}

const plan: Plan = {
  layers: {
    conv: { method: 'hybrid', fullPrecision: [0], hidden: 6 },
    pw: { method: 'strassen', fullPrecision: [], hidden: 7 },
    head: { method: 'hybrid', fullPrecision: [0, 1], hidden: 2 },
  },
};
const scales = [
  [0.5, -2, 1, 3, 0.01, 0],
  [1, 2, 3, -4, 5, 6, 7e-3],
  [0.25, 8],
] as const;
const [first, middle, last] = scales;
const factors = new Map<string, Factors>([
  ['conv', { wb: ternary(1, [6, 3, 3, 3]), wc: ternary(2, [3, 6, 1, 1]), a: first }],
  ['pw', { wb: ternary(3, [7, 4, 1, 1]), wc: ternary(4, [5, 7, 1, 1]), a: middle }],
  ['head', { wb: ternary(5, [2, 5]), wc: ternary(6, [1, 2]), a: last }],
]);
const full = [normal(4, [4, 3, 3, 3]), normal(5, [5, 4, 1, 1]), normal(6, [3, 5])];

/** Wc diag(a) Wb, written out, below the first `kept` filters of `weight`. */
function multiplied({ wb, wc, a }: Factors, weight: Tensor, kept: number): Tensor {
  const hidden = a.length;
  const size = weight.data.length / weight.dims[0]!;
  const data = Float64Array.from(weight.data as Float32Array, (w, i) => {
    const filter = Math.floor(i / size) - kept;
    if (filter < 0) return w;
    let sum = 0;
    for (let h = 0; h < hidden; h++) {
      sum += Number(wc.data[filter * hidden + h]) * a[h]! * Number(wb.data[h * size + (i % size)]);
    }
    return sum;
  });
  return f32(weight.dims, data);
}

describe('initialState', () => {
  const quantized = applyPlan(network(full), plan, 1, { factors: 'zero' });
  const state = initialState(quantized, factors);
  const dense = network([1, 0, 2].map((kept, i) => multiplied([...factors.values()][i]!, full[i]!, kept)));
  const expected = evaluate(dense, feeds);

  it('makes the network compute the decomposition in the full and the ternary phase', () => {
    for (const { graph } of [quantized, toTernary(quantized)]) {
      const copy = graph.clone();
      loadState(copy, state);
      removeMarkers(copy);
      expect(relativeError(evaluate(copy, feeds), expected)).toBeLessThan(1e-6);
    }
    expect(relativeError(evaluate(quantized.graph, feeds), expected)).toBeGreaterThan(0.1);
  });

  it('and frozen, with the factors themselves', () => {
    const { graph } = toFrozen(quantized, state);
    expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-6);
    for (const [name, { wb, wc }] of factors) {
      expect([...graph.value(`${name}_wb`).constant!.data]).toEqual([...wb.data]);
      expect([...graph.value(`${name}_wc`).constant!.data]).toEqual([...wc.data]);
    }
  });

  const other = (changes: Partial<Factors>) => new Map([['pw', { ...factors.get('pw')!, ...changes }]]);
  it.each<[string, ReadonlyMap<string, Factors>, string]>([
    ['other layers', new Map([['b', factors.get('pw')!]]), 'a strassenified layer or a hybrid bank, found none'],
    ['another shape', other({ wb: ternary(3, [6, 4, 1, 1]) }), 'expected a factor [7, 4, 1, 1], found [6, 4, 1, 1]'],
    ['other values', other({ wc: normal(3, [5, 7, 1, 1]) }), 'expected -1, 0 and 1, found other values'],
    ['too few scales', other({ a: [1, 2] }), 'expected 7 scales, found 2'],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => initialState(quantized, wrong)).toThrow(TritbankError);
    expect(() => initialState(quantized, wrong)).toThrow(message);
  });
});

describe('latentOf', () => {
  const one = (count: number) => f32([1, count], [-1, ...Array<number>(count - 1).fill(0)]);
  it.each<[string, Tensor, number]>([
    // deviation sqrt(2 / (30 + 40)) = 0.169 over sqrt(2 / 3): 0.207, next to 1/4 in its logarithm
    ['a third of each', ternary(1, [30, 40]), 1 / 4],
    ['a kernel', ternary(2, [8, 6, 3, 3]), 1 / 8],
    // sqrt(2 / 257) = 0.088 over sqrt(1 / 256): 1.41, between 1 and 2
    ['one in 256', one(256), 1],
    ['no zeros', f32([4, 2], [1, -1, -1, 1, 1, 1, -1, -1]), 0.5],
    ['all zeros', f32([3, 4]), 1],
  ])('gives weights that the quantizer maps to themselves: %s', (_, factor, expected) => {
    const { latent, scale } = latentOf(factor);
    expect(scale).toBe(expected);
    expect([...latent.data]).toEqual([...(factor.data as Float32Array)].map((t) => t * expected));
    const { values, scales: found } = ternarize(latent, 'tensor');
    expect([...values.data]).toEqual([...factor.data]);
    expect(found[0]).toBe(factor.data.some((t) => t !== 0) ? scale : 0);
  });
});
