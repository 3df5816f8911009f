import { expect, it } from 'vitest';
import { Tensor } from './tensor.ts';

it('has the members that users of onnxruntime know', () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const tensor = new Tensor('float32', data, [2, 3]);
  expect([tensor.type, tensor.size, tensor.dims, tensor.data]).toEqual(['float32', 6, [2, 3], data]);
  expect(tensor.data).toBe(data);
  expect(new Tensor('uint8', [1, 2, 300]).data).toEqual(Uint8Array.of(1, 2, 44));
  expect(new Tensor('int8', new Int8Array(0), [0, 4]).size).toBe(0);
  expect(new Tensor('float32', [7], []).size).toBe(1);
});

it('takes other dimensions without a copy', () => {
  const tensor = new Tensor('int8', Int8Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
  const tall = tensor.reshape([3, 1, 2]);
  expect([tall.type, tall.dims, tall.size]).toEqual(['int8', [3, 1, 2], 6]);
  expect(tall.data).toBe(tensor.data);
  expect(tensor.dims).toEqual([2, 3]);
  const message = 'tensor: expected 8 elements for [2, 4], found 6';
  expect(() => tensor.reshape([2, 4])).toThrow(expect.objectContaining({ code: 'E_SHAPE', message }));
});

it.each<[() => Tensor, string]>([
  [
    () => new Tensor('float64' as 'float32', new Float32Array(1)),
    "tensor: expected a type of float32, int8, uint8, int32, bool, found 'float64'",
  ],
  [() => new Tensor('uint8', new Int8Array(1) as never, [1]), 'tensor: expected Uint8Array for uint8, found Int8Array'],
  [() => new Tensor('float32', new Float32Array(5), [2, 3]), 'tensor: expected 6 elements for [2, 3], found 5'],
  [() => new Tensor('float32', new Float32Array(1), [-1]), 'tensor: expected dimensions of at least 0, found [-1]'],
])('refuses %#', (make, message) => {
  expect(make).toThrow(expect.objectContaining({ name: 'TritbankError', message }));
});
