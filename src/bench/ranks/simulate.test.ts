import { describe, expect, it } from 'vitest';
import { fitLink, hostsForHalf, ringTime, scale, stepTime, sumTime, treeTime } from './simulate.ts';

const link = { name: 'test', latency: 1e-4, bandwidth: 1e9 };
const parts = {
  stages: [10, 20, 5],
  buckets: [
    { bytes: 2e6, isGradient: true, afterStage: 0 },
    { bytes: 4e6, isGradient: true, afterStage: 1 },
  ],
};

describe('the latency-bandwidth model', () => {
  it('has the times of ring and tree', () => {
    // 2 (4 - 1) 0.1 ms + 2 3/4 1 ms
    expect(ringTime(1e6, 4, link)).toBeCloseTo(2.1e-3, 9);
    // 2 log2(4) (0.1 ms + 1 ms)
    expect(treeTime(1e6, 4, link)).toBeCloseTo(4.4e-3, 9);
    expect([ringTime(1e6, 1, link), treeTime(1e6, 1, link)]).toEqual([0, 0]);
    // few bytes by a tree, many by a ring
    expect(sumTime(8, 64, link)).toBe(treeTime(8, 64, link));
    expect(sumTime(1e8, 64, link)).toBe(ringTime(1e8, 64, link));
  });

  it('finds the link again that times were made with', () => {
    const sums = [8, 1e4, 1e7].map((bytes) => ({ bytes, milliseconds: 1000 * ringTime(bytes, 2, link) }));
    const found = fitLink(sums, 2, 'again');
    expect(found.latency).toBeCloseTo(link.latency, 7);
    expect(found.bandwidth / link.bandwidth).toBeCloseTo(1, 6);
  });

  it('adds sums to the arithmetic, or hides what it can', () => {
    const sums = sumTime(2e6, 2, link) + sumTime(4e6, 2, link);
    expect(stepTime(parts, 2, link, { overlap: false, half: false })).toBeCloseTo(0.035 + sums, 9);
    // the first bucket is hidden behind the second stage
    expect(stepTime(parts, 2, link, { overlap: true, half: false })).toBeCloseTo(0.035 + sumTime(4e6, 2, link), 9);
    const halves = sumTime(1e6, 2, link) + sumTime(2e6, 2, link);
    expect(stepTime(parts, 2, link, { overlap: false, half: true })).toBeCloseTo(0.035 + halves, 9);
    const { plain, half, overlapped, halfOverlapped } = scale(parts, 64, link);
    expect(plain).toBeLessThan(half);
    expect(plain).toBeLessThan(overlapped);
    expect(Math.max(half, overlapped)).toBeLessThan(halfOverlapped);
    expect(halfOverlapped).toBeLessThan(1);
  });

  it('says where sums take half', () => {
    const hosts = hostsForHalf(parts, { ...link, latency: 2e-4 })!;
    const share = (n: number) => scale(parts, n, { ...link, latency: 2e-4 }).plain;
    expect([share(hosts) <= 0.5, share(hosts - 1) > 0.5]).toEqual([true, true]);
    expect(hostsForHalf(parts, { name: 'fast', latency: 1e-9, bandwidth: 1e12 })).toBeUndefined();
  });
});
