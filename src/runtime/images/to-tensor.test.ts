import { describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../onnx/metadata.ts';
import type { ValueMetadata } from '../session.ts';
import { describeInput, type ImageInput, toTensor } from './to-tensor.ts';

const input = (shape: ValueMetadata['shape'], type: ValueMetadata['type'] = 'float32'): ValueMetadata => ({
  name: 'x',
  type,
  shape,
});
const norm: Preprocessing = { mean: [10, 20, 30], std: [2] };

describe('an input of images', () => {
  it.each<[string, ValueMetadata, Preprocessing, Partial<ImageInput>]>([
    [
      'channels first',
      input(['N', 3, 4, 5]),
      norm,
      { layout: 'NCHW', target: { height: 4, width: 5, channels: 3 }, mean: [10, 20, 30], std: [2, 2, 2] },
    ],
    [
      'channels last',
      input([1, 4, 5, 1]),
      { mean: [1], std: [2] },
      { layout: 'NHWC', target: { height: 4, width: 5, channels: 1 } },
    ],
    [
      'sizes from the metadata',
      input(['N', 3, 'H', 'W']),
      { ...norm, size: { height: 8, width: 6 } },
      { target: { height: 8, width: 6, channels: 3 } },
    ],
    [
      'bytes without normalisation',
      input([1, 3, 4, 4], 'uint8'),
      {},
      { type: 'uint8', mean: [0, 0, 0], std: [1, 1, 1] },
    ],
    [
      'channels from the metadata',
      input(['N', 'C', 4, 4]),
      { ...norm, channels: 3 },
      { target: { height: 4, width: 4, channels: 3 } },
    ],
  ])('%s', (_, value, preprocessing, expected) => {
    expect(describeInput([value], preprocessing)).toMatchObject(expected);
  });

  it.each<[string, ValueMetadata[], Preprocessing, message: string]>([
    [
      'two inputs',
      [input([1, 3, 4, 4]), input([1, 3, 4, 4])],
      norm,
      'input: expected one input of images [N, 1 or 3, H, W], found 2 inputs',
    ],
    ['rows', [input([1, 12])], norm, 'input: expected one input of images [N, 1 or 3, H, W], found float32 [1, 12]'],
    [
      'integers',
      [input([1, 3, 4, 4], 'int64')],
      norm,
      'input: expected one input of images [N, 1 or 3, H, W], found int64 [1, 3, 4, 4]',
    ],
    ['six channels', [input([1, 6, 4, 4])], norm, "input 'x': expected 1 or 3 channels, found [1, 6, 4, 4]"],
    [
      'no size',
      [input([1, 3, 'H', 'W'])],
      norm,
      "input 'x': expected a fixed size, input_size in the metadata or an input size (--input-size), found none",
    ],
    [
      'no normalisation',
      [input([1, 3, 4, 4])],
      {},
      "input 'x': expected input_mean and input_std in the metadata, or mean and std in the options, found neither",
    ],
    [
      'two means',
      [input([1, 3, 4, 4])],
      { mean: [1, 2], std: [1] },
      'metadata input_mean: expected one number, or 3, found 2',
    ],
  ])('is not one of %s', (_, values, preprocessing, message) => {
    expect(() => describeInput(values, preprocessing)).toThrow(expect.objectContaining({ code: 'E_MODEL', message }));
  });
});

describe('pixels to a tensor', () => {
  const colours = { data: Uint8Array.of(10, 20, 30, 12, 24, 36), width: 2, height: 1, channels: 3 } as const;
  const target = { width: 2, height: 1, channels: 3 } as const;
  const plain = { name: 'x', target, mean: [10, 20, 30], std: [2, 4, 6] };

  it('normalised, in planes or interleaved', () => {
    const first = toTensor(colours, { ...plain, layout: 'NCHW', type: 'float32' });
    expect([first.dims, [...first.data]]).toEqual([
      [1, 3, 1, 2],
      [0, 1, 0, 1, 0, 1],
    ]);
    const last = toTensor(colours, { ...plain, layout: 'NHWC', type: 'float32' });
    expect([last.dims, [...last.data]]).toEqual([
      [1, 1, 2, 3],
      [0, 0, 0, 1, 1, 1],
    ]);
  });

  it('as bytes', () => {
    const tensor = toTensor(colours, { ...plain, layout: 'NCHW', type: 'uint8' });
    expect([tensor.type, [...tensor.data]]).toEqual(['uint8', [10, 12, 20, 24, 30, 36]]);
  });

  it('grey from colours by luma, colours from grey by repetition', () => {
    const bytes = { layout: 'NCHW', type: 'uint8', name: 'x', mean: [0], std: [1] } as const;
    const corners = {
      data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90),
      width: 4,
      height: 1,
      channels: 3,
    } as const;
    const grey = toTensor(corners, { ...bytes, target: { width: 4, height: 1, channels: 1 } });
    // 255 x 0.299, 0.587 and 0.114
    expect([...grey.data]).toEqual([76, 150, 29, 90]);
    const one = { data: Uint8Array.of(7), width: 1, height: 1, channels: 1 } as const;
    const rgb = toTensor(one, {
      ...bytes,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      target: { width: 1, height: 1, channels: 3 },
    });
    expect([...rgb.data]).toEqual([7, 7, 7]);
  });
});
