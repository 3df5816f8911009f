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

test('says by how many images, and whether more could tell', () => {
  expect(chanceWarning('m.onnx', 0.58, labels)).toBe(
    'm.onnx is right in 58 of 100 images, 58.0 % (95 % interval 48.2–67.2 %): no more than always naming the most frequent class, which is right in 60.0 %',
  );
  expect(chanceWarning('the model', 4 / 6, [0, 0, 0, 1, 1, 1])).toBe(
    'the model is right in 4 of 6 images, 66.7 % (95 % interval 30.0–90.3 %): too few to tell it from always naming the most frequent class, which is right in 50.0 %',
  );
  expect(chanceWarning('m.onnx', 0, [])).toBeUndefined();
});
