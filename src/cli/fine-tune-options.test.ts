import { expect, test } from 'vitest';
import { defaultFineTune } from '../train/fine-tune-config.ts';
import { fineTuneFrom } from './fine-tune-options.ts';

const { seed: _seed, ...defaults } = defaultFineTune;

test('no options leave the defaults', () => expect(fineTuneFrom(defaults, {})).toEqual(defaults));

test('every option changes its part and nothing else', () => {
  expect(fineTuneFrom(defaults, { epochs: 7, learningRate: 0.3, batchSize: 9, phases: [0, 1, 0] })).toEqual({
    ...defaults,
    epochs: 7,
    learningRate: 0.3,
    batchSize: 9,
    phases: [0, 1, 0],
  });
  expect(fineTuneFrom(defaults, { mixup: 0.2 })).toEqual({ ...defaults, mixup: 0.2 });
  expect(fineTuneFrom(defaults, { cutmix: 1 })).toEqual({ ...defaults, cutmix: 1 });
  expect(fineTuneFrom(defaults, { weightDecay: 0, ema: 0, reestimateBatches: 0, freezeLayers: true })).toEqual({
    ...defaults,
    optimizer: { ...defaults.optimizer, weightDecay: 0 },
    emaDecay: 0,
    reestimateBatches: 0,
    freezeLayers: true,
  });
});

test('distillation of another kind, weight and temperature, or none', () => {
  const { distillation } = fineTuneFrom(defaults, { distill: 'dist', distillWeight: 0.5, temperature: 3 });
  expect(distillation).toEqual({ kind: 'dist', weight: 0.5, temperature: 3 });
  expect(fineTuneFrom(defaults, { temperature: 8 }).distillation).toEqual({ ...defaults.distillation, temperature: 8 });
  expect(fineTuneFrom(defaults, { distillMirror: true }).distillation).toEqual({
    ...defaults.distillation,
    mirror: true,
  });
  expect(fineTuneFrom(defaults, { teacher: ['package.json'] })).toEqual({ ...defaults, teachers: ['package.json'] });
  expect(fineTuneFrom(defaults, { distill: 'none' })).not.toHaveProperty('distillation');
});

test('oscillation is dampened or frozen', () => {
  expect(fineTuneFrom(defaults, { dampen: 0.1 }).oscillation).toEqual({ kind: 'dampen', weight: 0.1 });
  const { oscillation } = fineTuneFrom(defaults, { freezeOscillating: 0.02 });
  expect(oscillation).toEqual({ kind: 'freeze', threshold: 0.02, momentum: 0.01 });
});

test.each([
  [{ dampen: 1, freezeOscillating: 0.1 }, '--dampen', '--freeze-oscillating'],
  [{ distill: 'none', temperature: 1 }, '--temperature', '--distill none'],
  [{ distill: 'none', teacher: ['package.json'] }, '--teacher', '--distill none'],
  [{ distill: 'none', distillWeight: 1 }, '--distill-weight', '--distill none'],
  [{ distill: 'none', distillMirror: true }, '--distill-mirror', '--distill none'],
] as const)('options that exclude each other: %j', (options, where, other) => {
  expect(() => fineTuneFrom(defaults, options)).toThrow(
    expect.objectContaining({ code: 'E_USAGE', where, message: expect.stringContaining(other) }),
  );
});
