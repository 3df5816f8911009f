import { describe, expect, it } from 'vitest';
import { type ScheduleOptions, scheduleFactor } from './schedule.ts';

const at = (options: ScheduleOptions, total: number, ...epochs: number[]) =>
  epochs.map((epoch) => Number(scheduleFactor(options, epoch, total).toFixed(12)));

describe('scheduleFactor', () => {
  it('falls along half a cosine from 1 to 0', () => {
    const half = Math.SQRT1_2 / 2;
    expect(at({ name: 'cosine', warmup: 0 }, 8, 0, 2, 4, 6, 8)).toEqual(
      [1, 0.5 + half, 0.5, 0.5 - half, 0].map((v) => Number(v.toFixed(12))),
    );
  });

  it('rises linearly from 0 over the warm-up, and the cosine spans what is left', () => {
    expect(at({ name: 'cosine', warmup: 2 }, 6, 0, 0.5, 1, 2, 4, 6)).toEqual([0, 0.25, 0.5, 1, 0.5, 0]);
  });

  it('warms up for half of a phase at most', () => {
    expect(at({ name: 'constant', warmup: 5 }, 2, 0, 0.5, 1, 2)).toEqual([0, 0.5, 1, 1]);
  });

  it('steps down at each milestone', () => {
    const steps = { name: 'step', warmup: 0, milestones: [2, 3] } as const;
    expect(at(steps, 4, 0, 1.99, 2, 2.5, 3, 4)).toEqual([1, 1, 0.1, 0.1, 0.01, 0.01]);
    expect(at({ ...steps, factor: 0.5 }, 4, 1, 2, 3)).toEqual([1, 0.5, 0.25]);
    expect(at({ name: 'step', warmup: 0 }, 4, 3)).toEqual([1]);
  });
});
