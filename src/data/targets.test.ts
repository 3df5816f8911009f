import { expect, test } from 'vitest';
import { drawCutmix } from './targets.ts';

test("CutMix's rectangles lie in the image, are drawn by the seed, and have their centres and sizes everywhere", () => {
  const size = { height: 20, width: 30 };
  const drawn = Array.from({ length: 2000 }, (_, step) => drawCutmix(1, size, 3, 0, step));
  expect(drawCutmix(1, size, 3, 0, 7)).toEqual(drawn[7]);
  for (const { left, top, width, height } of drawn) {
    expect(Math.min(left, top, width, height)).toBeGreaterThanOrEqual(0);
    expect(left + width).toBeLessThanOrEqual(30);
    expect(top + height).toBeLessThanOrEqual(20);
  }
  // 1 - w is uniform for alpha 1, half of the area on average, of which the image's border takes some
  const area = drawn.reduce((sum, { width, height }) => sum + width * height, 0) / drawn.length / 600;
  expect(area).toBeGreaterThan(0.28);
  expect(area).toBeLessThan(0.4);
  const covers = (x: number, y: number) =>
    drawn.filter((r) => x >= r.left && x < r.left + r.width && y >= r.top && y < r.top + r.height).length /
    drawn.length;
  expect(covers(0, 0)).toBeGreaterThan(0.1);
  expect(Math.abs(covers(0, 0) - covers(29, 19))).toBeLessThan(0.05);
  expect(covers(15, 10)).toBeGreaterThan(covers(0, 0));
});
