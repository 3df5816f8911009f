import { expect, it, test } from 'vitest';
import { formatPreprocessing, readPreprocessing } from './metadata.ts';

const read = (entries: Record<string, string>) => readPreprocessing(new Map(Object.entries(entries)));

it('reads what it writes', () => {
  const all = {
    size: { height: 224, width: 224 },
    mean: [1, 2.5, 3],
    std: [4, 5, 6],
    channels: 3,
    labels: ['a "b"', 'ü'],
  };
  expect(read(formatPreprocessing(all))).toEqual(all);
  expect(formatPreprocessing({})).toEqual({});
  expect(read({})).toEqual({});
});

it('reads lists as other programs write them', () => {
  expect(read({ input_mean: '[127.5 127.5 127.5]', input_std: '[1, 2, 3]', input_size: '160' })).toEqual({
    size: { height: 160, width: 160 },
    mean: [127.5, 127.5, 127.5],
    std: [1, 2, 3],
    channels: 3,
  });
  expect(read({ input_mean: '33.3', input_std: '78.5', input_size: '28, 32' })).toEqual({
    size: { height: 28, width: 32 },
    mean: [33.3],
    std: [78.5],
  });
});

test.each([
  [{ input_mean: 'grey' }, "metadata input_mean: expected numbers, found 'grey'"],
  [{ input_mean: '' }, "metadata input_mean: expected numbers, found ''"],
  [{ input_std: '1,0' }, "metadata input_std: expected numbers above 0, found '1,0'"],
  [{ input_size: '0' }, "metadata input_size: expected one or two whole numbers of at least 1, found '0'"],
  [{ input_size: '3,4,5' }, "metadata input_size: expected one or two whole numbers of at least 1, found '3,4,5'"],
  [{ labels: 'cat' }, "metadata labels: expected a JSON array of texts, found 'cat'"],
  [{ labels: '[1]' }, "metadata labels: expected a JSON array of texts, found '[1]'"],
])('%j', (entries, message) => {
  expect(() => read(entries as Record<string, string>)).toThrow(message);
});
