import { expect, test } from 'vitest';
import { formatSize, parseSize } from './size.ts';

test.each([
  ['224', 224, 224],
  ['128x160', 128, 160],
  ['128,160', 128, 160],
  ['[128, 160]', 128, 160],
  ['96 64', 96, 64],
])('%s is a size', (text, height, width) => {
  expect(parseSize(text)).toEqual({ height, width });
  expect(parseSize(formatSize({ height, width }))).toEqual({ height, width });
});

test.each(['', '0', '12.5', '3x4x5', '-3', 'axb', '7x0'])("'%s' is none", (text) => {
  expect(parseSize(text)).toBeUndefined();
});
