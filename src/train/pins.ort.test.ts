import { describe, expect, it } from 'vitest';
import { sgd, smallFeeds, smallNetwork, smallOptions } from '../../test/ort/train-small.ts';
import { compileProgram, type Program } from '../engine/index.ts';
import { f32, type Tensor } from '../ir/index.ts';
import { applyPlan, type Plan, ternarize, toTernary } from '../quantize/index.ts';
import { type Oscillation, pinFirst, pinName, pinnedShare } from './pins.ts';
import { buildStep, emaName } from './step.ts';

const plan: Plan = {
  layers: {
    conv: { method: 'hybrid', fullPrecision: [0, 1], hidden: 5 },
    depthwise: { method: 'twn', granularity: 'filter' },
    pointwise: { method: 'strassen', fullPrecision: [], hidden: 6 },
  },
};
const network = toTernary(applyPlan(smallNetwork(), plan, 3));
const weights = network.ternary;
const names = ['conv_wb', 'conv_wc', 'depthwise_weight', 'pointwise_wb', 'pointwise_wc'];
const learningRate = 0.5;

interface Options {
  readonly oscillation?: Oscillation;
  readonly freezeLayers?: boolean;
  readonly emaDecay?: number;
}

/** Runs `steps` steps; the state before each and after the last. */
async function run(
  { emaDecay, ...control }: Options,
  steps: number,
  prepare?: (program: Program) => Promise<void>,
): Promise<Map<string, Tensor>[]> {
  const average = emaDecay === undefined ? {} : { emaDecay };
  const options = { ...smallOptions, ...average, frozen: network.fixed, ternary: { weights, ...control } };
  const { graph, slots } = buildStep(network.graph, options);
  const program = await compileProgram(graph, slots);
  await prepare?.(program);
  const states = [await program.state()];
  for (let step = 1; step <= steps; step++) {
    await program.step(smallFeeds(step, learningRate));
    states.push(await program.state());
  }
  await program.release();
  return states;
}

const numbers = (state: ReadonlyMap<string, Tensor>, name: string) => [...(state.get(name)!.data as Float32Array)];

/** Ternary values and, for each weight, the scale that is its own. */
function quantize(state: ReadonlyMap<string, Tensor>, name: string): { values: number[]; scales: number[] } {
  const { granularity } = weights.find((w) => w.name === name)!;
  const latent = state.get(name)!;
  const { values, scales } = ternarize(latent, granularity);
  const size = latent.data.length / scales.length;
  return {
    values: [...values.data],
    scales: Array.from(latent.data as Float32Array, (_, i) => scales[Math.floor(i / size)]!),
  };
}

it('has five ternary weights to look at', () => {
  expect(weights.map((w) => w.name)).toEqual(names);
});

it('dampen adds weight (clip(w, -s, s) - q(w)) to the gradient', async () => {
  const weight = 0.25;
  const [plain, damped] = [await run({}, 1), await run({ oscillation: { kind: 'dampen', weight } }, 1)];
  // the first step of Nesterov's momentum is that of (1 + momentum) times the gradient
  const rate = learningRate * (1 + sgd.momentum);
  for (const name of names) {
    const { values, scales } = quantize(plain[0]!, name);
    const pull = numbers(plain[0]!, name).map((w, i) => {
      const s = scales[i]!;
      return Math.max(-s, Math.min(s, w)) - s * values[i]!;
    });
    expect(pull.some((p) => p > 0.01) && pull.some((p) => p < -0.01) && pull.includes(0)).toBe(true);
    const [without, found] = [numbers(plain[1]!, name), numbers(damped[1]!, name)];
    for (const [i, w] of without.entries()) expect(found[i]).toBeCloseTo(w - rate * weight * pull[i]!, 5);
  }
  expect(numbers(damped[1]!, 'conv_fp_weight')).toEqual(numbers(plain[1]!, 'conv_fp_weight'));
});

describe('freeze', async () => {
  const [threshold, momentum, steps] = [0.2, 0.3, 12] as const;
  const states = await run({ oscillation: { kind: 'freeze', threshold, momentum }, emaDecay: 0.9 }, steps);

  /** The rule for one weight, over its ternary values. */
  function simulate(trits: readonly number[]): { pin: number; rate: number; pinnedAt: number } {
    let [turn, rate, mean, pin, pinnedAt] = [0, 0, trits[0]!, 2, -1];
    for (const [k, t] of trits.entries()) {
      const direction = k === 0 ? 0 : Math.sign(t - trits[k - 1]!);
      rate += momentum * ((direction * turn < 0 ? 1 : 0) - rate);
      mean += momentum * (t - mean);
      if (direction !== 0) turn = direction;
      if (pin === 2 && rate > threshold) [pin, pinnedAt] = [Math.round(mean) + 0, k];
    }
    return { pin, rate, pinnedAt };
  }

  it.each(names)('pins the weights of %s that turn too often to where they are most', (name) => {
    const history = states.slice(0, steps).map((state) => quantize(state, name));
    const [pins, rates] = [numbers(states[steps]!, pinName(name)), numbers(states[steps]!, `${name}/rate`)];
    const latent = states.map((state) => numbers(state, name));
    for (const i of pins.keys()) {
      const { pin, rate, pinnedAt } = simulate(history.map((h) => h.values[i]!));
      expect(pins[i]).toBe(pin);
      expect(rates[i]).toBeCloseTo(rate, 5);
      if (pin === 2) continue;
      for (let k = pinnedAt + 1; k <= steps; k++) {
        expect(latent[k]![i]).toBeCloseTo(pin * history[k - 1]!.scales[i]!, 5);
        expect(quantize(states[k]!, name).values[i]).toBe(pin);
      }
      expect(numbers(states[steps]!, emaName(name))[i]).toBe(latent[steps]![i]);
    }
  });

  it('counts them', () => {
    const pins = names.flatMap((name) => numbers(states[steps]!, pinName(name)));
    const pinned = pins.filter((p) => p !== 2).length;
    expect(pinned).toBeGreaterThan(5);
    expect(pinned).toBeLessThan(pins.length / 2);
    expect(pinnedShare(weights, states[steps]!)).toBeCloseTo(pinned / pins.length, 10);
    expect(pinnedShare(weights, states[0]!)).toBe(0);
    expect(pinnedShare(weights, new Map())).toBeUndefined();
  });
});

it('pins that are set from outside hold the values of whole layers, and leave earlier ones', async () => {
  let pins = new Map<string, Tensor>();
  const states = await run({ freezeLayers: true }, 4, async (program) => {
    const free = await program.state();
    const name = pinName('conv_wb');
    const earlier = f32(free.get(name)!.dims, [-1, ...numbers(free, name).slice(1)]);
    pins = pinFirst(weights, new Map([...free, [name, earlier]]), 0.4);
    await program.load(pins);
  });
  expect([...pins.keys()]).toEqual(['conv_wb/pin', 'conv_wc/pin']);
  expect(pins.get('conv_wb/pin')!.data[0]).toBe(-1);
  const [first, last] = [states[0]!, states.at(-1)!];
  for (const name of names) {
    const [before, after] = [quantize(first, name).values, quantize(last, name).values];
    if (pins.has(pinName(name))) expect(after).toEqual([...pins.get(pinName(name))!.data]);
    else expect(after).not.toEqual(before);
  }
  expect(quantize(last, 'conv_wb').values.slice(1)).toEqual(quantize(first, 'conv_wb').values.slice(1));
});
