import { expect, it } from 'vitest';
import { addressOf } from './fetch-files.ts';

it.each([
  ['https://host/a/m.onnx', 'w.bin', 'https://host/a/w.bin'],
  ['https://host/a/m.onnx?token=1#x', 'b/w.bin', 'https://host/a/b/w.bin'],
  ['https://host/a/m.onnx', '..%2f100% é', 'https://host/a/..%252f100%25%20%C3%A9'],
])('of %s and %j', (source, location, address) => {
  expect(addressOf(source, location).href).toBe(address);
});

it('there is none beside bytes in a page', () => {
  expect(() => addressOf('blob:https://host/1-2', 'w.bin')).toThrow(expect.objectContaining({ code: 'E_FILE' }));
});
