import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { f32, float, Graph, int, toNumbers, verify } from '../ir/index.ts';
import { isTrainingBatchNorm } from '../ops/arithmetic/training.ts';
import { Builder } from '../ops/index.ts';
import { lowerBatchNorm } from './lower-batch-norm.ts';

const [channels, epsilon] = [2, 1e-3];
const parameters = { scale: [2, -0.5], shift: [0.25, 1], mean: [5, -5], variance: [4, 9] };

function sample(dims: readonly number[], momentum: number, training = 1) {
  const graph = new Graph('norm');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', dims);
  const constants = Object.entries(parameters).map(([name, values]) => b.constant(name, f32([channels], values)));
  const attributes = { epsilon: float(epsilon), momentum: float(momentum), training_mode: int(training) };
  const node = b.node('BatchNormalization', [x, ...constants], attributes, training ? 3 : 1, 'bn');
  graph.outputs = node.outputs.map((o) => o!);
  return { graph, node };
}

/** Output, mean and variance by hand; `[N, C, ...]`. */
function byHand(x: readonly number[], dims: readonly number[]) {
  const plane = dims.slice(2).reduce((p, d) => p * d, 1);
  const channelOf = (i: number) => Math.floor(i / plane) % channels;
  const statistics = Array.from({ length: channels }, (_, c) => {
    const values = x.filter((_, i) => channelOf(i) === c);
    const mean = values.reduce((s, v) => s + v, 0) / values.length;
    return { mean, variance: values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length };
  });
  const y = x.map((v, i) => {
    const c = channelOf(i);
    const { mean, variance } = statistics[c]!;
    return (parameters.scale[c]! * (v - mean)) / Math.sqrt(variance + epsilon) + parameters.shift[c]!;
  });
  return { y, mean: statistics.map((s) => s.mean), variance: statistics.map((s) => s.variance) };
}

describe('lowerBatchNorm', () => {
  it.each([
    [[3, 2, 4, 5], 0.9],
    [[1, 2, 60], 0.75],
    [[7, 2], 0.5],
    [[3, 2, 4, 4], 0],
  ])('writes %j in inference operators, momentum %f', (dims, momentum) => {
    const x = normal(1, dims);
    const { graph } = sample(dims, momentum);
    expect(lowerBatchNorm(graph)).toBe(true);
    verify(graph);
    expect(graph.nodes.some(isTrainingBatchNorm)).toBe(false);
    const found = graph.outputs.map((output) => {
      const one = graph.clone();
      one.outputs = [one.value(output.name)];
      return evaluate(one, { x });
    });
    const { y, mean, variance } = byHand(toNumbers(x), dims);
    const running = (old: number[], now: number[]) => now.map((v, c) => momentum * old[c]! + (1 - momentum) * v);
    expect(relativeError(found[0]!, y)).toBeLessThan(1e-5);
    expect(relativeError(found[1]!, running(parameters.mean, mean))).toBeLessThan(1e-5);
    expect(relativeError(found[2]!, running(parameters.variance, variance))).toBeLessThan(1e-5);
    expect(lowerBatchNorm(graph)).toBe(false);
  });

  it('never finds a variance below 0', () => {
    const x = f32([1, 2, 4], [1000.1, 1000.1, 1000.1, 1000.1, 3, 3, 3, 3]);
    const { graph } = sample([1, 2, 4], 0);
    lowerBatchNorm(graph);
    graph.outputs = [graph.outputs[2]!];
    expect(evaluate(graph, { x }).every((v) => v >= 0 && v < 1e-3)).toBe(true);
  });

  it('leaves batch norms of inference alone', () => {
    const { graph, node } = sample([1, 2, 3], 0.9, 0);
    expect(isTrainingBatchNorm(node)).toBe(false);
    expect(lowerBatchNorm(graph)).toBe(false);
    expect(graph.nodes).toEqual([node]);
  });
});
