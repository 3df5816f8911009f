import { describe, expect, it } from 'vitest';
import { evaluate, relativeError } from '../../test/evaluate.ts';
import { small, smallFeeds, smallNetwork, smallNormalisation, smallOptions } from '../../test/ort/train-small.ts';
import { takePixels } from '../classifier/index.ts';
import { compileProgram, type Program } from '../engine/index.ts';
import { f32, int, printGraph, type Tensor, toNumbers, type Value, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from '../passes/index.ts';
import { buildStep, emaName, type StepOptions } from './step.ts';

const plain = { name: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 } as const;

interface Trace {
  readonly before: Map<string, Tensor>;
  readonly after: Map<string, Tensor>;
  readonly outputs: Record<string, Tensor>;
}

/** The state around each of the first steps. */
async function trace(options: StepOptions, steps = 1, network = smallNetwork()): Promise<Trace[]> {
  const { graph, slots } = buildStep(network, options);
  const program: Program = await compileProgram(verify(graph), slots);
  const found: Trace[] = [];
  for (let i = 1; i <= steps; i++) {
    const before = await program.state();
    const teacher: Record<string, Tensor> = options.distillation ? { teacher: smallFeeds(9).targets! } : {};
    const outputs = await program.step({ ...smallFeeds(i), ...teacher });
    found.push({ before, after: await program.state(), outputs });
  }
  await program.release();
  return found;
}

const learned = [
  ...['conv', 'depthwise', 'pointwise'].flatMap((l) => [`${l}_weight`, `${l}_bn_scale`, `${l}_bn_shift`]),
  'classifier_weight',
  'classifier_bias',
].sort();
const running = ['conv', 'depthwise', 'pointwise'].flatMap((l) => [`${l}_bn_mean`, `${l}_bn_variance`]);

/** What a step adds to each learned parameter, one after the other. */
const movement = ({ before, after }: Trace) =>
  learned.flatMap((name) => {
    const old = toNumbers(before.get(name)!);
    return toNumbers(after.get(name)!).map((v, i) => v - old[i]!);
  });
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((s, v) => s + v * v, 0));

describe('buildStep', () => {
  it('keeps parameters, their momentum and running averages, of their shapes, beginning with the network', async () => {
    const network = smallNetwork();
    const text = printGraph(network);
    const step = buildStep(network, smallOptions);
    expect(printGraph(network)).toBe(text);
    expect([...step.learned].sort()).toEqual(learned);
    expect([...step.running].sort()).toEqual([...running].sort());
    const parts = step.slots.flatMap((s) => s.parts);
    expect(parts.map((p) => p.name).sort()).toEqual(
      [...learned, ...learned.map((n) => `${n}/momentum`), ...running].sort(),
    );
    for (const name of [...learned, ...running]) {
      expect(parts.find((p) => p.name === name)?.initial).toEqual(network.value(name).constant);
    }
    expect(step.graph.inputs.map((i) => i.name).filter((n) => !step.slots.some((s) => s.input === n))).toEqual([
      'images',
      'targets',
      'learning_rate',
      'step',
    ]);
    expect(step.graph.outputs.slice(0, 2).map((o) => [o.name, o.type])).toEqual([
      ['loss', { dtype: 'float32', shape: [] }],
      ['correct', { dtype: 'float32', shape: [] }],
    ]);
  });

  it('limits the norm of the whole gradient', async () => {
    const [free] = await trace({ ...smallOptions, optimizer: plain });
    const length = norm(movement(free!)) / 0.1;
    const [clipped] = await trace({ ...smallOptions, optimizer: plain, clipNorm: length / 3 });
    expect(
      relativeError(
        movement(clipped!),
        movement(free!).map((v) => v / 3),
      ),
    ).toBeLessThan(1e-3);
    const [loose] = await trace({ ...smallOptions, optimizer: plain, clipNorm: 2 * length });
    expect(relativeError(movement(loose!), movement(free!))).toBeLessThan(1e-4);
  });

  it('follows the weights with their moving averages', async () => {
    const steps = await trace({ ...smallOptions, emaDecay: 0.24 }, 3);
    const decays = [2 / 11, 3 / 12, 0.24].map((d) => Math.min(d, 0.24));
    for (const name of learned)
      expect(steps[0]!.before.get(emaName(name))!.data).toEqual(steps[0]!.before.get(name)!.data);
    for (const [step, { before, after }] of steps.entries()) {
      const decay = decays[step]!;
      for (const name of learned) {
        const old = toNumbers(before.get(emaName(name))!);
        const expected = toNumbers(after.get(name)!).map((v, i) => decay * old[i]! + (1 - decay) * v);
        expect(relativeError(toNumbers(after.get(emaName(name))!), expected, 1e-2), name).toBeLessThan(1e-5);
      }
    }
  });

  it('moves running averages by 1 - momentum towards the statistics of the batch', async () => {
    const at = async (batchNormMomentum: number) => (await trace({ ...smallOptions, batchNormMomentum }))[0]!.after;
    const [statistics, mixed] = [await at(0), await at(0.75)];
    for (const name of running) {
      const initial = name.endsWith('mean') ? 0 : 1;
      const expected = toNumbers(statistics.get(name)!).map((v) => 0.75 * initial + 0.25 * v);
      expect(relativeError(toNumbers(mixed.get(name)!), expected)).toBeLessThan(1e-5);
    }
    expect(Math.max(...toNumbers(statistics.get('conv_bn_mean')!).map(Math.abs))).toBeGreaterThan(1e-3);
  });

  it('computes with running averages that stay, as in inference', async () => {
    const network = smallNetwork();
    const [first] = await trace({ ...smallOptions, normStatistics: 'fixed' });
    const inference = network.clone();
    takePixels(inference, small.batch, smallNormalisation);
    const { images, targets } = smallFeeds(1);
    const logits = evaluate(inferShapes(inference), { images: images! });
    const wanted = toNumbers(targets!);
    const { batch, classes } = small;
    let loss = 0;
    for (let row = 0; row < batch; row++) {
      const scores = logits.slice(row * classes, (row + 1) * classes);
      const sum = scores.reduce((s, v) => s + Math.exp(v), 0);
      for (const [k, v] of scores.entries()) loss -= (wanted[row * classes + k]! * (v - Math.log(sum))) / batch;
    }
    expect(toNumbers(first!.outputs.loss!)[0]).toBeCloseTo(loss, 5);
    expect(running.some((name) => first!.after.has(name))).toBe(false);
    expect(norm(movement(first!))).toBeGreaterThan(0);
  });

  it('leaves frozen initializers alone', async () => {
    const frozen = new Set(['pointwise_weight', 'conv_bn_shift']);
    const { graph, slots, learned: names } = buildStep(smallNetwork(), { ...smallOptions, frozen });
    expect([...names].sort()).toEqual(learned.filter((n) => !frozen.has(n)));
    expect(slots.flatMap((s) => s.parts).some((p) => [...frozen].some((f) => p.name.startsWith(f)))).toBe(false);
    expect(graph.value('pointwise_weight').constant).toEqual(smallNetwork().value('pointwise_weight').constant);
  });

  it('leaves out what only other outputs need, and keeps what no gradient reaches', async () => {
    const network = smallNetwork();
    const b = new Builder(network);
    const [logits] = network.outputs as [Value];
    const second = b.gemm(logits, b.constant('head_weight', f32([2, 5])), { transB: true });
    const offsets = b.constant('offsets', f32([1, 5], [0.5, 1.5, 2.5, 3.5, 4.5]));
    network.outputs = [b.add(logits, b.op('Floor', [offsets])), second];
    const [step] = await trace(smallOptions, 1, network);
    expect(step!.after.has('head_weight')).toBe(false);
    expect(step!.after.get('offsets')).toEqual(offsets.constant);
    expect(norm(movement(step!))).toBeGreaterThan(0);
  });

  it('counts right answers and learns from a teacher as well', async () => {
    const steps = await trace({ ...smallOptions, distillation: { weight: 0.5, temperature: 2 } }, 12);
    const losses = steps.map((s) => toNumbers(s.outputs.loss!)[0]!);
    expect(losses.every(Number.isFinite)).toBe(true);
    for (const { outputs } of steps) {
      const [count] = toNumbers(outputs.correct!);
      expect(Number.isInteger(count) && count! >= 0 && count! <= small.batch).toBe(true);
    }
  });

  it('takes the scores in front of a softmax, and scores of any shape', async () => {
    const network = smallNetwork();
    const flatten = network.outputs[0]!.producer!;
    const b = new Builder(network);
    network.outputs = [b.op('Softmax', [flatten.input(0)], { axis: int(1) })];
    expect(network.outputs[0]!.shape).toEqual(['N', small.classes, 1, 1]);
    const [plainTrace, found] = [(await trace(smallOptions))[0]!, (await trace(smallOptions, 1, network))[0]!];
    expect(toNumbers(found.outputs.loss!)).toEqual(toNumbers(plainTrace.outputs.loss!));
    expect(movement(found)).toEqual(movement(plainTrace));
  });

  it('refuses a network without weights', () => {
    const network = smallNetwork();
    const frozen = new Set(network.initializers.map((v) => v.name));
    expect(() => buildStep(network, { ...smallOptions, frozen })).toThrow(
      "graph 'small': expected weights to train, found none",
    );
  });
});
