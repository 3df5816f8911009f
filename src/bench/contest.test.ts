import { describe, expect, it } from 'vitest';
import { holdContest, makeImage, type Runtime } from './contest.ts';
import type { ModelForm } from './records.ts';

/** Writes down what happens to it; its scores are the model's bytes plus `offset`. */
function fakeRuntime(name: string, log: string[], offset = 0): Runtime {
  return {
    name,
    forms: ['fp32', 'hybrid'],
    async load(model, { dims }, threads) {
      if (model.length === 0) throw new Error(`no bytes\nsecond line`);
      log.push(`${name} loads ${model[0]} for ${dims.join('x')} on ${threads}`);
      return {
        run: async () => {
          log.push(`${name} runs ${model[0]}`);
          return Float32Array.from(model, (byte) => byte + offset);
        },
        release: async () => void log.push(`${name} releases ${model[0]}`),
      };
    },
  };
}

const options = { threads: 2, rounds: 3, runs: 2 };
const image = makeImage(1, 4);

describe('holdContest', () => {
  it('lets contestants take turns, round by round', async () => {
    const log: string[] = [];
    const models = new Map<ModelForm, Uint8Array>([['fp32', Uint8Array.of(1)]]);
    const rounds: number[] = [];
    const { measurements } = await holdContest([fakeRuntime('a', log), fakeRuntime('b', log)], models, image, {
      ...options,
      onRound: (done) => void rounds.push(done),
    });
    const turn = (name: string) => Array<string>(3).fill(`${name} runs 1`);
    expect(log).toEqual([
      ...['a loads 1 for 1x1x4x4 on 2', 'a runs 1', 'b loads 1 for 1x1x4x4 on 2', 'b runs 1'],
      ...[0, 1, 2].flatMap(() => [...turn('a'), ...turn('b')]),
      ...['a releases 1', 'b releases 1'],
    ]);
    expect(rounds).toEqual([1, 2, 3]);
    for (const { rounds: medians, latency, throughput } of measurements) {
      expect(medians).toHaveLength(3);
      expect(latency).toBe([...medians].sort((x, y) => x - y)[1]);
      expect(throughput).toBeCloseTo(1000 / latency, 9);
    }
  });

  it('compares scores with the first of the same form, and names who is absent', async () => {
    const models = new Map<ModelForm, Uint8Array>([
      ['fp32', Uint8Array.of(1, 5)],
      ['hybrid', new Uint8Array(0)],
      ['int8', Uint8Array.of(3)],
    ]);
    const { measurements, absent } = await holdContest(
      [fakeRuntime('a', []), fakeRuntime('b', [], 0.5)],
      models,
      image,
      options,
    );
    expect(measurements.map(({ runtime, form, difference }) => [runtime, form, difference])).toEqual([
      ['a', 'fp32', undefined],
      ['b', 'fp32', 0.5],
    ]);
    expect(absent).toEqual([
      { runtime: 'a', form: 'hybrid', reason: 'no bytes' },
      { runtime: 'b', form: 'hybrid', reason: 'no bytes' },
    ]);
  });
});
