import { expect, it } from 'vitest';
import { describeSlowRank } from './slow-ranks.ts';

const times = (...seconds: number[]) => seconds.map((value, rank) => ({ rank, host: `node${rank}`, seconds: value }));

it('names the rank that the others wait for, and their share', () => {
  expect(describeSlowRank(times(10, 11, 25, 9))).toBe(
    'rank 2 (node2) took 25.0 s for its part of the epoch, 2.5 times as long as rank 0 (node0): the others wait 60 % of the time',
  );
  expect(describeSlowRank(times(30, 10))).toContain('rank 0 (node0) took 30.0 s');
});

it('says nothing of ranks that are about as fast', () => {
  expect(describeSlowRank(times(10, 14))).toBeUndefined();
  expect(describeSlowRank(times(0.1, 1))).toBeUndefined();
  expect(describeSlowRank(times(10, 11, 12, 14))).toBeUndefined();
});
