import { expect, test } from 'vitest';
import { describeDifferences, differencesOf } from './differences.ts';

test('values of objects in objects, by where they are', () => {
  const was = { model: 'a', training: { epochs: 3, optimizer: { name: 'sgd' } }, list: [1, 2] };
  expect(differencesOf(was, { ...was, list: [1, 3], seed: 1 })).toEqual([
    { key: 'list', was: [1, 2], is: [1, 3] },
    { key: 'seed', was: undefined, is: 1 },
  ]);
  expect(differencesOf(was, { ...was, training: { ...was.training, optimizer: { name: 'adam' } } })).toEqual([
    { key: 'training.optimizer.name', was: 'sgd', is: 'adam' },
  ]);
  expect(describeDifferences(was, structuredClone(was))).toBeUndefined();
});

test('networks are told from options, which say their values', () => {
  const [one, other] = ['a', 'b'].map((digit) => digit.repeat(64));
  const was = { from: 'a.onnx', start: one, seed: 1 };
  expect(describeDifferences(was, { ...was, start: other })).toBe(
    'expected the network that training starts from as it was, found other weights or layers',
  );
  expect(describeDifferences(was, { ...was, from: 'b.onnx', start: other })).toBe(
    'expected from "a.onnx" as it was begun with, found "b.onnx" (and the network that training starts from differs)',
  );
  expect(describeDifferences(was, { from: 'a.onnx', start: one, more: true })).toBe(
    'expected seed 1 as it was begun with, found none (and more differs)',
  );
});
