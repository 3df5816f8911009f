import { expect, test } from 'vitest';
import { addDims, broadcastShapes, divide, product } from './dims.ts';

test('products and quotients keep symbols', () => {
  expect(product([])).toBe(1);
  expect(product([2, 'N', 3])).toBe('6*N');
  expect(product(['T', 'N'])).toBe('N*T');
  expect(product(['6*N', 2, 'N'])).toBe('12*N*N');
  expect(product(['N', 0])).toBe(0);
  expect(divide('12*N*T', '4*N')).toBe('3*T');
  expect(divide('49*N', 49)).toBe('N');
  expect(divide(48, 16)).toBe(3);
});

test('quotients that are not whole are not expressed', () => {
  expect(divide('N', 2)).toBeUndefined();
  expect(divide(8, 'N')).toBeUndefined();
  expect(divide(7, 2)).toBeUndefined();
  expect(divide('N', 0)).toBeUndefined();
});

test('sums of like symbols', () => {
  expect(addDims('N', 'N')).toBe('2*N');
  expect(addDims('3*N', 'N', -1)).toBe('2*N');
  expect(addDims('N', 'N', -1)).toBe(0);
  expect(addDims('N', 0)).toBe('N');
  expect(addDims('N', 1)).toBeUndefined();
  expect(addDims('N', '2*N', -1)).toBeUndefined();
});

test('text of another form is one symbol', () => {
  expect(product(['(h - 1)*2', 3])).toBe('3*(h - 1)*2');
  expect(divide('(h - 1)*2', '(h - 1)*2')).toBe(1);
});

test('broadcasting', () => {
  expect(broadcastShapes([2, 1], [3])).toEqual([2, 3]);
  expect(broadcastShapes(['N', 3], [1, 3])).toEqual(['N', 3]);
  expect(broadcastShapes(['N', 3], [8, 1])).toEqual([8, 3]);
  expect(broadcastShapes(['N'], ['M'])).toEqual(['N']);
  expect(broadcastShapes([2], [0, 1])).toEqual([0, 2]);
  expect(broadcastShapes([2], [3])).toBeUndefined();
  expect(broadcastShapes()).toEqual([]);
});
