/**
 * The whole training step (batch-last layout, packed state, depthwise convolutions as matrix products, common
 * subexpressions merged) against the plainest form of the same: the network as it is, in the ordinary layout,
 * differentiated, run in ONNX Runtime, with the update of every parameter written out in JavaScript.
 */

import { describe, expect, it } from 'vitest';
import { differentiate } from '../../src/autodiff/differentiate.ts';
import { takePixels } from '../../src/classifier/index.ts';
import { compile, compileProgram } from '../../src/engine/index.ts';
import { f32, type Graph, int, type Tensor, toNumbers, type Value, verify } from '../../src/ir/index.ts';
import { Builder } from '../../src/ops/index.ts';
import { inferShapes, lowerBatchNorm, removeMarkers } from '../../src/passes/index.ts';
import { applyPlan, type Plan, toFrozen, toTernary } from '../../src/quantize/index.ts';
import { buildStep } from '../../src/train/index.ts';
import { crossEntropy } from '../../src/train/loss.ts';
import { relativeError } from '../evaluate.ts';
import { sgd, small, smallFeeds, smallNetwork, smallNormalisation, smallOptions } from './train-small.ts';

const learningRate = 0.1;

interface Plain {
  readonly graph: Graph;
  readonly loss: Value;
  readonly parameters: readonly Value[];
  readonly gradients: ReadonlyMap<Value, Value>;
  /** Running averages by name, and the statistic of the batch that each follows. */
  readonly statistics: ReadonlyMap<string, Value>;
}

/** The network with its parameters as inputs, batch statistics, loss and gradients. */
function plainStep(network: Graph, fixed: ReadonlySet<string>): Plain {
  const graph = network.clone();
  takePixels(graph, small.batch, smallNormalisation);
  inferShapes(graph);
  const statistics = new Map<string, Value>();
  for (const node of graph.nodes.filter((n) => n.op === 'BatchNormalization')) {
    const b = new Builder(graph, '', node);
    const attributes = { ...node.attributes, training_mode: int(1), momentum: { kind: 'float', value: 0 } as const };
    const training = b.node('BatchNormalization', node.inputs, attributes, 3, node.name);
    node.output().replaceAllUsesWith(training.output());
    graph.remove(node);
    for (const i of [1, 2]) statistics.set(training.input(2 + i).name, training.output(i));
  }
  const parameters: Value[] = [];
  for (const value of graph.initializers) {
    const learns = value.dtype === 'float32' && value.dims.length > 0 && network.find(value.name);
    if (!learns || fixed.has(value.name) || statistics.has(value.name) || value.uses.size === 0) continue;
    const { name } = value;
    graph.rename(value, `${name}/initial`);
    const input = graph.input(name, 'float32', value.dims);
    value.replaceAllUsesWith(input);
    graph.removeValue(value);
    parameters.push(input);
  }
  const b = new Builder(graph, 'loss/');
  const targets = graph.input('targets', 'float32', [small.batch, small.classes]);
  const loss = crossEntropy(b, graph.outputs[0]!, targets);
  const gradients = differentiate(graph, loss, parameters);
  graph.outputs = [loss, ...gradients.values(), ...statistics.values()];
  // Lowering replaces the outputs; their places stay.
  const places = [...graph.outputs];
  lowerBatchNorm(graph);
  removeMarkers(graph);
  verify(graph);
  const now = (value: Value) => graph.outputs[places.indexOf(value)]!;
  return {
    graph,
    loss: now(loss),
    parameters,
    gradients: new Map([...gradients].map(([p, g]) => [p, now(g)])),
    statistics: new Map([...statistics].map(([name, v]) => [name, now(v)])),
  };
}

/** Losses and the state after `steps` steps of SGD with Nesterov momentum, by hand. */
async function trainPlain(network: Graph, fixed: ReadonlySet<string>, steps: number) {
  const { graph, loss, parameters, gradients, statistics } = plainStep(network, fixed);
  const engine = await compile(graph);
  const state = new Map<string, number[]>();
  for (const { name } of parameters) {
    const initial = toNumbers(network.value(name).constant!);
    state.set(name, initial);
    state.set(
      `${name}/momentum`,
      initial.map(() => 0),
    );
  }
  for (const name of statistics.keys()) state.set(name, toNumbers(network.value(name).constant!));
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const { images, targets } = smallFeeds(step) as { images: Tensor; targets: Tensor };
    const weights = Object.fromEntries(parameters.map((p) => [p.name, f32(p.dims, state.get(p.name)!)]));
    const result = await engine.run({ images, targets, ...weights });
    const numbers = (value: Value) => toNumbers(result[value.name]!);
    losses.push(numbers(loss)[0]!);
    for (const p of parameters) {
      const decay = p.dims.length > 1 ? sgd.weightDecay : 0;
      const [weight, velocity] = [state.get(p.name)!, state.get(`${p.name}/momentum`)!];
      for (const [i, gradient] of numbers(gradients.get(p)!).entries()) {
        const g = gradient + decay * weight[i]!;
        velocity[i] = sgd.momentum * velocity[i]! + g;
        weight[i]! -= learningRate * (g + sgd.momentum * velocity[i]!);
      }
    }
    for (const [name, statistic] of statistics) {
      const old = state.get(name)!;
      state.set(
        name,
        numbers(statistic).map((v, i) => 0.9 * old[i]! + 0.1 * v),
      );
    }
  }
  await engine.release();
  return { losses, state };
}

async function trainStep(network: Graph, frozen: ReadonlySet<string>, steps: number) {
  const { graph, slots } = buildStep(network, { ...smallOptions, frozen });
  const program = await compileProgram(verify(graph), slots);
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    losses.push(toNumbers((await program.step(smallFeeds(step, learningRate))).loss!)[0]!);
  }
  const state = await program.state();
  await program.release();
  return { losses, state };
}

const plan: Plan = {
  layers: {
    conv: { method: 'hybrid', fullPrecision: [0, 1], hidden: 5 },
    depthwise: { method: 'twn', granularity: 'filter' },
    pointwise: { method: 'hybrid', fullPrecision: [0, 1, 2], hidden: 6 },
    classifier: { method: 'strassen', fullPrecision: [], hidden: 8 },
  },
};
const quantized = applyPlan(smallNetwork(), plan, 3);

describe('two training steps equal those of the plain graph', () => {
  it.each([
    ['full precision', { graph: smallNetwork(), fixed: new Set<string>() }],
    ['hybrid filter banks, full-precision phase', quantized],
    ['hybrid filter banks, ternary phase', toTernary(quantized)],
    ['hybrid filter banks, frozen phase', toFrozen(quantized, new Map())],
  ])('%s', async (_, { graph, fixed }) => {
    const [plain, found] = [await trainPlain(graph, fixed, 2), await trainStep(graph, fixed, 2)];
    expect(relativeError(found.losses, plain.losses)).toBeLessThan(1e-4);
    expect([...found.state.keys()].sort()).toEqual([...plain.state.keys()].sort());
    for (const [name, expected] of plain.state) {
      expect(relativeError(toNumbers(found.state.get(name)!), expected, 1e-2), name).toBeLessThan(2e-3);
    }
    expect(Math.abs(plain.losses[1]! - plain.losses[0]!)).toBeGreaterThan(1e-3);
  });
});
