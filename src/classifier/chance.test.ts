import { expect, test } from 'vitest';
import { chanceWarning, largestShare } from './chance.ts';

const labels = Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : 1));

test('the largest share is that of the most frequent class', () => {
  expect(largestShare(labels)).toBe(0.6);
  expect(largestShare([])).toBe(0);
});

test.each([
  [0.6, true],
  // the lower end of 65 of 100 is 55.3 %
  [0.65, true],
  [0.8, false],
])('%d of images that are 60 %% of one class', (top1, isChance) => {
  expect(chanceWarning('the model', top1, labels) !== undefined).toBe(isChance);
});

test('says so', () => {
  expect(chanceWarning('m.onnx', 0.58, labels)).toBe(
    'm.onnx is right in 58.0 % of 100 images, no more than chance: always naming the most frequent class gets 60.0 % right',
  );
  expect(chanceWarning('m.onnx', 0, [])).toBeUndefined();
});
