import { describe, expect, it } from 'vitest';
import { f32Type, modelBytes, node } from '../../test/onnx-model.ts';
import { plainLocation } from './external.ts';
import { readModel } from './read.ts';

interface Entries {
  readonly location?: string;
  readonly offset?: string;
  readonly length?: string;
}

/** A model whose tensors w0, w1 ... of one float each have these entries of external data. */
const modelOf = (...tensors: readonly Entries[]) =>
  modelBytes({
    inputs: { x: f32Type(1) },
    nodes: [node('Sum', ['x', ...tensors.map((_, i) => `w${i}`)], ['y'])],
    outputs: { y: f32Type(1) },
    graph: {
      initializer: tensors.map((entries, i) => ({
        ...{ name: `w${i}`, dims: [1n], dataType: 1, dataLocation: 1 },
        externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })),
      })),
    },
  });

const file = new Uint8Array(Float32Array.of(1, 2, 3).buffer).subarray(0, 10);
const read = (...tensors: readonly Entries[]) => readModel(modelOf(...tensors), { external: () => file });

describe('locations', () => {
  it.each([
    ['w.bin', 'w.bin'],
    ['a/w.bin', 'a/w.bin'],
    ['./a//./w.bin', 'a/w.bin'],
    ['..w/a b..', '..w/a b..'],
    ['100% w', '100% w'],
  ])('%j is %j', (location, plain) => {
    expect(plainLocation(location, 't')).toBe(plain);
  });

  it.each([
    ...['../w.bin', 'a/../../w.bin', 'a/../w.bin', '..', '.', './', '/etc/passwd', '//host/w', 'a\\..\\w.bin'],
    ...['C:\\w.bin', 'C:w.bin', 'file:///etc/passwd', 'FILE:w', 'http://host/w', 'data:,w', '%2e%2e/w', 'a/%2E./w'],
    ...['w%00', 'w\0', 'w\n', 'w?x', 'w#x', '\\\\host\\share'],
  ])('refuses %j', (location) => {
    const action = () => read({ location });
    expect(action).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
    expect(action).toThrow("initializer 'w0': expected external data as a plain path inside the model's folder");
  });
});

describe('ranges', () => {
  it.each<[Entries, string]>([
    [{}, 'expected a location of its external data, found none'],
    [{ location: 'w.bin', offset: '8' }, "expected bytes 8 to 12 in 'w.bin', found a file of 10"],
    [{ location: 'w.bin', offset: '-4' }, "expected external offset to be a count of bytes, found '-4'"],
    [{ location: 'w.bin', offset: '1e3' }, "expected external offset to be a count of bytes, found '1e3'"],
    [{ location: 'w.bin', length: '99999999999999999999' }, 'expected external length to be a count of bytes'],
    [{ location: 'w.bin', length: '3' }, 'expected 4 bytes for float32[1], found 3'],
  ])('refuses %j', (entries, message) => {
    const action = () => read(entries);
    expect(action).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
    expect(action).toThrow(`initializer 'w0': ${message}`);
  });

  it('takes as many bytes as the dimensions say where no length is given, and copies them', () => {
    const graph = read({ location: 'w.bin', offset: '4' });
    expect(graph.value('w0').constant?.data).toEqual(Float32Array.of(2));
    expect((graph.value('w0').constant!.data as Float32Array).buffer).not.toBe(file.buffer);
  });

  it('asks for one file once, whatever its spellings, and shares equal ranges', () => {
    const asked: string[] = [];
    const spellings = Array.from({ length: 100 }, (_, i) => ({ location: `${'./'.repeat(i)}w.bin`, offset: '4' }));
    const external = (location: string) => {
      asked.push(location);
      return file;
    };
    const graph = readModel(modelOf(...spellings), { external });
    expect(asked).toEqual(['w.bin']);
    const bufferOf = (name: string) => (graph.value(name).constant!.data as Float32Array).buffer;
    expect(bufferOf('w99')).toBe(bufferOf('w0'));
  });

  it('refuses many ranges that overlap', () => {
    const large = new Uint8Array(16);
    const tensors = Array.from({ length: 13 }, (_, i) => ({ location: 'w.bin', offset: String(i) }));
    const action = () => readModel(modelOf(...tensors), { external: () => large });
    expect(action).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
    expect(action).toThrow("external data 'w.bin': expected tensors of its 16 bytes, found overlapping ones of 52");
  });
});
