import { describe, expect, it } from 'vitest';
import { compareEvaluations } from './paired.ts';
import { differenceInterval, testChange } from './statistics.ts';

const of = (predictions: number[], labels: number[]) => ({
  predictions: Int32Array.from(predictions),
  labels: Int32Array.from(labels),
});

describe('two evaluations of the same images', () => {
  const labels = [0, 1, 2, 3, 4, 5];
  // right, lost, gained, both wrong alike, both wrong otherwise, gained
  const first = of([0, 1, 0, 0, 1, 0], labels);
  const second = of([0, 0, 2, 0, 2, 5], labels);

  it('counts images that only one of them has right', () => {
    expect(compareEvaluations(first, second)).toEqual({
      ...testChange(2, 1),
      difference: 1 / 6,
      interval: differenceInterval({ gained: 2, lost: 1 }, 6),
      agreement: 2 / 6,
    });
    const { difference, gained, lost } = compareEvaluations(second, first);
    expect([difference, gained, lost]).toEqual([-1 / 6, 1, 2]);
  });

  it('of none differ by nothing, and agree', () => {
    expect(compareEvaluations(of([], []), of([], []))).toMatchObject({ difference: 0, agreement: 1, p: 1 });
  });

  it.each([
    ['fewer images', of([0], [0]), /expected the same 6 images, .* found 1 images/],
    ['other labels', of([0, 1, 0, 0, 1, 0], [0, 1, 2, 3, 4, 4]), /found other labels/],
  ])('refuses %s', (_, other, message) => {
    expect(() => compareEvaluations(first, other)).toThrow(message);
  });
});
