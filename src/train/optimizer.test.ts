import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { Graph, scalar, type Tensor, toNumbers, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { emitUpdate, initialState, type OptimizerOptions, stateNames } from './optimizer.ts';

const dims = [2, 3];
const start = normal(1, dims);
const gradients = [normal(2, dims), normal(3, dims), normal(4, dims)];
const rates = [0.1, 0.05, 0.2];

/** Three updates in the subgraph: the parameter and its state after each. */
function inGraph(options: OptimizerOptions, decay: boolean): number[][][] {
  const graph = new Graph('update');
  const b = new Builder(graph);
  const input = (name: string, shape: number[] = dims) => graph.input(name, 'float32', shape);
  const clock = { learningRate: input('learning_rate', []), step: input('step', []) };
  const states = stateNames(options).map((name) => input(name));
  const update = { parameter: input('parameter'), gradient: input('gradient'), decay, state: states };
  const next = emitUpdate(b, options, update, clock);
  const outputs: Value[] = [next.parameter, ...next.state];
  let values: Tensor[] = [start, ...states.map(() => initialState(start))];
  return gradients.map((gradient, i) => {
    const feeds = {
      parameter: values[0]!,
      gradient,
      learning_rate: scalar(rates[i]!),
      step: scalar(i + 1),
      ...Object.fromEntries(states.map((s, k) => [s.name, values[k + 1]!])),
    };
    const found = outputs.map((output) => {
      graph.outputs = [output];
      return evaluate(graph, feeds);
    });
    values = found.map((data) => ({ dtype: 'float64', dims, data: Float64Array.from(data) }));
    return found;
  });
}

/** One element's update: from parameter, gradient, state, rate, step count to the new parameter and state. */
type Rule = (p: number, g: number, state: number[], rate: number, step: number) => number[];

function byHand(rule: Rule, stateCount: number): number[][][] {
  let values = [toNumbers(start), ...Array.from({ length: stateCount }, () => Array<number>(6).fill(0))];
  return gradients.map((gradient, i) => {
    const elements = toNumbers(gradient).map((g, k) => {
      const [p, ...state] = values.map((v) => v[k]!);
      return rule(p!, g, state, rates[i]!, i + 1);
    });
    values = values.map((_, slot) => elements.map((e) => e[slot]!));
    return values;
  });
}

function expectSame(options: OptimizerOptions, decay: boolean, rule: Rule, stateCount: number): void {
  const [found, expected] = [inGraph(options, decay), byHand(rule, stateCount)];
  for (const [i, slots] of expected.entries()) {
    for (const [k, values] of slots.entries()) expect(relativeError(found[i]![k]!, values)).toBeLessThan(1e-6);
  }
}

describe('sgd', () => {
  const sgd = { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0.01 } as const;
  it.each([
    ['momentum', sgd, true],
    ['Nesterov momentum', { ...sgd, nesterov: true }, true],
    ['no decay on vectors', { ...sgd, nesterov: true }, false],
    ['no decay at all', { ...sgd, weightDecay: 0 }, true],
    ['no momentum', { ...sgd, momentum: 0 }, true],
  ])('%s', (_, options, decay) => {
    const rule: Rule = (p, gradient, [v], rate) => {
      const g = gradient + (decay ? options.weightDecay * p : 0);
      const next = options.momentum * v! + g;
      return [p - rate * (options.nesterov ? g + options.momentum * next : next), next];
    };
    expectSame(options, decay, rule, 1);
  });
});

describe('adamw', () => {
  const adamw = { name: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.05 } as const;
  it.each([
    ['decay', true],
    ['no decay on vectors', false],
  ])('%s', (_, decay) => {
    const rule: Rule = (p, g, [m, v], rate, step) => {
      const m1 = 0.9 * m! + 0.1 * g;
      const v1 = 0.99 * v! + 0.01 * g * g;
      const direction = m1 / (1 - 0.9 ** step) / (Math.sqrt(v1 / (1 - 0.99 ** step)) + 1e-3);
      return [p - rate * (direction + (decay ? 0.05 * p : 0)), m1, v1];
    };
    expectSame(adamw, decay, rule, 2);
  });

  it('moves each element by the learning rate in its first step', () => {
    const first = inGraph({ ...adamw, epsilon: 1e-12, weightDecay: 0 }, true)[0]![0]!;
    const moved = first.map((p, i) => toNumbers(start)[i]! - p);
    expect(
      relativeError(
        moved,
        toNumbers(gradients[0]!).map((g) => 0.1 * Math.sign(g)),
      ),
    ).toBeLessThan(1e-6);
  });
});
