import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, dtypes, elementCount, f32, type Tensor, TritbankError, toBytes } from '../ir/index.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const stored = dtypes.filter((dtype) => dtype !== 'string');

const tensorArbitrary: fc.Arbitrary<Tensor> = fc
  .record({ dtype: fc.constantFrom(...stored), dims: fc.array(fc.nat(4), { maxLength: 3 }) })
  .chain(({ dtype, dims }) => {
    const tensor: Tensor = { dtype, dims, data: allocate(dtype, elementCount(dims)) };
    const length = toBytes(tensor).length;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => {
      toBytes(tensor).set(bytes);
      return tensor;
    });
  });
const fileArbitrary = fc.record({
  tensors: fc.dictionary(fc.string({ unit: 'binary' }), tensorArbitrary, { maxKeys: 5 }),
  metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
});

/** Comparable content: NaN patterns count by their bytes. */
const content = (tensors: ReadonlyMap<string, Tensor>) =>
  new Map([...tensors].map(([name, t]) => [name, [t.dtype, [...t.dims], [...toBytes(t)]]]));

/** A file as another writer would make it, without a checksum. */
function file(header: string, data: Uint8Array = new Uint8Array(0), length = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

test('every element type, name and shape comes back', () => {
  fc.assert(
    fc.property(fileArbitrary, ({ tensors, metadata }) => {
      const input = new Map(Object.entries(tensors));
      const decoded = decodeSafetensors(encodeSafetensors(input, metadata), 'a');
      expect(content(decoded.tensors)).toEqual(content(input));
      expect(Object.entries(decoded.metadata).sort()).toEqual(Object.entries(metadata).sort());
    }),
    { numRuns: 100 },
  );
});

test('the layout: aligned header, wide elements first', () => {
  const bytes = encodeSafetensors(
    new Map<string, Tensor>([
      ['t', { dtype: 'int8', dims: [3], data: Int8Array.of(-1, 0, 1) }],
      ['w', f32([2], [1, 2])],
    ]),
    { step: '7' },
  );
  const length = new DataView(bytes.buffer).getUint32(0, true);
  expect(length % 8).toBe(0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  expect(header).toEqual({
    __metadata__: { step: '7', 'tritbank.crc32': expect.stringMatching(/^[0-9a-f]{8}$/) },
    w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    t: { dtype: 'I8', shape: [3], data_offsets: [8, 11] },
  });
  expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63, 0, 0, 0, 64, 255, 0, 1]);
});

test('a file of another writer, without checksum or metadata', () => {
  const bytes = file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   ', Uint8Array.of(0, 0, 128, 63));
  const { tensors, metadata } = decodeSafetensors(bytes, 'a');
  expect(tensors.get('a')).toEqual(f32([], [1]));
  expect(metadata).toEqual({});
});

describe('damage', () => {
  const entry = (shape: string, offsets: string, dtype = 'F32') =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
  const four = new Uint8Array(4);
  const long = new Uint8Array(16);
  new DataView(long.buffer).setBigUint64(0, 2n ** 63n, true);
  test.each([
    ['no header', new Uint8Array(7), 'expected a safetensors file of at least 8 bytes, found 7 bytes'],
    ['a huge header', long, 'expected a header of at most 100000000 bytes, found 9223372036854775808 bytes'],
    ['a long header', file('{}', four, 9), 'expected 9 bytes of header, found 6 bytes to the end of the file'],
    ['no JSON', file('{"a":'), 'expected a header of JSON, found other text'],
    ['an array', file('[]'), 'expected a header that is a JSON object, found another value'],
    ['leading space', file(' {}'), 'expected a header that is a JSON object, found another value'],
    ['bytes beyond', file('{}', four), 'expected 0 bytes of data, found 4'],
    ['a type', file(`{"a":${entry('[1]', '[0,4]', 'F8')}}`, four), 'expected a dtype of F64, F32, '],
    ['a shape', file(`{"a":${entry('[-1]', '[0,4]')}}`, four), 'expected a shape of non-negative integers, found [-1]'],
    ['a size', file(`{"a":${entry('[2]', '[0,4]')}}`, four), 'expected 8 bytes for F32 [2], found 4'],
    ['overflow', file(`{"a":${entry('[4294967296,4294967296]', '[0,0]')}}`), 'found 0'],
    ['huge', file(`{"a":${entry('[1099511627776]', '[0,4398046511104]')}}`), 'expected 4398046511104 bytes of data'],
    ['overlap', file(`{"a":${entry('[1]', '[0,4]')},"b":${entry('[1]', '[0,4]')}}`, four), "tensor 'b' to begin at"],
    ['a hole', file(`{"a":${entry('[]', '[4,8]')}}`, new Uint8Array(8)), "tensor 'a' to begin at offset 0, found 4"],
    ['metadata', file('{"__metadata__":{"a":1}}'), 'expected metadata of texts by key, found other values'],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'x.safetensors')).toThrow(TritbankError);
    expect(() => decodeSafetensors(bytes, 'x.safetensors')).toThrow(message);
    expect(() => decodeSafetensors(bytes, 'x.safetensors')).toThrow('x.safetensors');
  });

  test('a cut or a flipped bit is found, or changes no tensor', () => {
    const tensors = new Map<string, Tensor>([
      ['weight', f32([2, 3], [1, -2, 3, 4, 5, 6])],
      ['step', { dtype: 'int64', dims: [1], data: BigInt64Array.of(12n) }],
    ]);
    const good = encodeSafetensors(tensors, { seed: '1' });
    const expected = content(tensors);
    let refused = 0;
    const check = (bytes: Uint8Array) => {
      try {
        expect(content(decodeSafetensors(bytes, 'a').tensors)).toEqual(expected);
      } catch (error) {
        if (!(error instanceof TritbankError)) throw error;
        refused++;
      }
    };
    for (let cut = 0; cut < good.length; cut++) check(good.subarray(0, cut));
    expect(refused).toBe(good.length);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bytes = good.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      check(bytes);
    }
    // Only flips in the checksum's own key go unnoticed: the file then is one without a checksum.
    expect(refused).toBeGreaterThanOrEqual(good.length * 9 - 'tritbank.crc32'.length * 8);
  });

  test('arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, short) => {
        if (short && bytes.length >= 8) bytes.fill(0, 1, 8);
        try {
          decodeSafetensors(bytes, 'a');
        } catch (error) {
          expect(error).toBeInstanceOf(TritbankError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
