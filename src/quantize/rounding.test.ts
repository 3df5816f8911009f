import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { differentiate } from '../autodiff/differentiate.ts';
import { f32, type Graph, type Tensor } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { removeMarkers } from '../passes/index.ts';
import { applyPlan, type QuantizedNetwork } from './apply.ts';
import { deploy } from './deploy.ts';
import { readFilterBits } from './filter-bits.ts';
import { loadState } from './phases.ts';
import type { FilterBits, Plan } from './plan.ts';
import { roundedWeights, toRounded } from './rounding.ts';

const feeds = { input: normal(1, [2, 1, 4, 4]) };

function network(): Graph {
  const builder = new NetworkBuilder('small', 1);
  const x = builder.convBlock('conv', builder.input(1, 4), { filters: 3, kernel: 3 });
  return builder.classifier(builder.conv('pw', x, { filters: 4, kernel: 1 }), 3);
}

const planOf = (bits: readonly FilterBits[]): Plan => ({ layers: { pw: { method: 'fp', bits } } });
const bitLists = fc.array(fc.constantFrom<FilterBits>(4, 8, 16), { minLength: 4, maxLength: 4 });

const without = (graph: Graph) => {
  const copy = graph.clone();
  removeMarkers(copy);
  return copy;
};

it('computes in training what the stored weights compute', () => {
  fc.assert(
    fc.property(bitLists, fc.integer({ min: 1, max: 1000 }), (bits, seed) => {
      const quantized = applyPlan(network(), planOf(bits), 1);
      const { name } = quantized.rounded[0]!;
      const state = new Map<string, Tensor>([[name, normal(seed, [4, 3, 1, 1])]]);
      const training = toRounded(quantized, state);
      loadState(training.graph, state);
      const stored = quantized.graph.clone();
      loadState(stored, roundedWeights(quantized, state));
      const found = evaluate(without(training.graph), feeds);
      expect(relativeError(found, evaluate(stored, feeds))).toBeLessThan(1e-5);
    }),
    { numRuns: 30 },
  );
});

it('keeps within its bits, and rounds what was rounded to itself', () => {
  fc.assert(
    fc.property(bitLists, fc.integer({ min: 1, max: 1000 }), (bits, seed) => {
      const quantized = applyPlan(network(), planOf(bits), 1);
      const { name } = quantized.rounded[0]!;
      const once = roundedWeights(quantized, new Map([[name, normal(seed, [4, 3, 1, 1])]]));
      const twice = roundedWeights(quantized, once);
      const [a, b] = [once, twice].map((weights) => weights.get(name)!.data as Float32Array);
      expect(relativeError(b!, a!)).toBeLessThan(1e-5);
    }),
    { numRuns: 30 },
  );
});

/** What is learned of a weight `[1, 2, 1, 1]` in few bits whose step, where it is learned, is `s`, and the loss's gradients: `sum(q c)` over the weights. */
function gradients(weights: readonly number[], s: number, c: readonly number[], bits: FilterBits = 4) {
  const builder = new NetworkBuilder('one', 1);
  const graph = builder.graph;
  const w = graph.initializer('w', f32([1, 2, 1, 1], weights));
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', [1, 2, 1, 1]);
  graph.outputs = [b.op('Conv', [x, w], {}, 'pw')];
  const unit = (2 * 7) ** -0.25;
  const quantized: QuantizedNetwork = {
    graph,
    ternary: [],
    rounded: [{ name: 'w', node: 'pw', bits: [bits] }],
    fixed: new Set(),
  };
  const rounded = toRounded(quantized, new Map([['w_steps', f32([1], [s / unit])]]));
  const inner = new Builder(rounded.graph);
  const loss = inner.reduce('ReduceSum', rounded.graph.outputs[0]!, undefined, false);
  const of = (bits === 4 ? ['w', 'w_steps'] : ['w']).map((name) => rounded.graph.value(name));
  const found = differentiate(rounded.graph, loss, of);
  return of.map((value) => {
    const copy = rounded.graph;
    copy.outputs = [found.get(value)!];
    return evaluate(without(copy), { x: f32([1, 2, 1, 1], [...c]) });
  }) as [number[], number[]];
}

it('has the gradients of learned step size quantization', () => {
  const unit = (2 * 7) ** -0.25;
  // 2.3 steps, rounded to 2, and 9 steps, clipped to 7
  const [dw, du] = gradients([0.23, 0.9], 0.1, [1, 10]);
  expect(dw[0]).toBeCloseTo(1, 5);
  expect(dw[1]).toBeCloseTo(0, 5);
  expect(du[0]).toBeCloseTo(unit * (2 - 2.3 + 10 * 7), 3);
});

it('of many bits follows the largest weight, with a gradient straight through', () => {
  const quantized = applyPlan(network(), planOf([8, 8, 8, 8]), 1);
  const { name } = quantized.rounded[0]!;
  const training = toRounded(quantized, new Map());
  expect([...training.graph.values].filter((value) => value.name.endsWith('_steps'))).toEqual([]);
  const weights = normal(3, [4, 3, 1, 1]);
  const rounded = roundedWeights(quantized, new Map([[name, weights]])).get(name)!.data as Float32Array;
  const [before, after] = [weights.data as Float32Array, rounded];
  for (let f = 0; f < 4; f++) {
    const row = [...before.subarray(3 * f, 3 * f + 3)];
    const step = Math.max(...row.map(Math.abs)) / 127;
    for (const [i, w] of row.entries()) expect(after[3 * f + i]).toBeCloseTo(step * Math.round(w / step), 6);
  }
  // the largest too
  expect(gradients([0.23, 0.9], 1, [1, 10], 8)[0]).toEqual([1, 10]);
});

it('tells the bits in the deployed network', () => {
  const quantized = applyPlan(network(), planOf([4, 8, 8, 4]), 1);
  const graph = deploy(quantized, roundedWeights(quantized, new Map()));
  expect(readFilterBits(graph).get('pw')).toEqual([4, 8, 8, 4]);
});
