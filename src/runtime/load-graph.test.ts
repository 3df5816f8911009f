import { describe, expect, it } from 'vitest';
import { f32Type, modelBytes, node } from '../../test/onnx-model.ts';
import { TritbankError, toNumbers } from '../ir/index.ts';
import { fromRead } from '../onnx/external.ts';
import { loadGraph } from './load-graph.ts';
import type { ModelSource, Platform } from './platform.ts';

/** A platform of these files. */
function platformOf(files: Readonly<Record<string, Uint8Array>>): Platform {
  return {
    name: 'node',
    readFile: async (source) => {
      const file = files[String(source)];
      if (file) return file;
      throw new TritbankError('E_FILE', String(source), 'expected a readable file, found none');
    },
    readRanges: async (source, ranges) => {
      const pieces = ranges.map(({ location, offset, length }) => {
        const path = `${String(source).replace(/[^/]*$/, '')}${location}`;
        const file = files[path];
        if (!file) throw new TritbankError('E_FILE', path, 'expected a readable file, found none');
        return file.slice(offset, offset + length);
      });
      return fromRead(ranges, pieces);
    },
    decodeImage: async () => undefined,
    canShareMemory: () => false,
    startWorker: () => {
      throw new Error('internal: no threads here');
    },
  };
}

const plain = modelBytes({
  inputs: { x: f32Type(1, 2) },
  nodes: [node('Relu', ['x'], ['y'])],
  outputs: { y: f32Type(1, 2) },
});

/** w lies in `data.bin`, from byte 4 on. */
const external = modelBytes({
  inputs: { x: f32Type(1, 2) },
  nodes: [node('Add', ['x', 'w'], ['y'])],
  outputs: { y: f32Type(1, 2) },
  graph: {
    initializer: [
      {
        name: 'w',
        dims: [2n],
        dataType: 1,
        dataLocation: 1,
        externalData: [
          { key: 'location', value: 'data.bin' },
          { key: 'offset', value: '4' },
          { key: 'length', value: '8' },
        ],
      },
    ],
  },
});

describe('sources', () => {
  const padded = new Uint8Array(plain.length + 5);
  padded.set(plain, 5);

  it.each<[string, ModelSource, name: string]>([
    ['bytes', plain, 'model'],
    ['a part of a buffer', padded.subarray(5), 'model'],
    ['a buffer', plain.slice().buffer as ArrayBuffer, 'model'],
    ['a path', 'nets/a.onnx', 'nets/a.onnx'],
    ['a URL', new URL('http://host/a.onnx'), 'http://host/a.onnx'],
  ])('%s', async (_, source, name) => {
    const platform = platformOf({ 'nets/a.onnx': plain, 'http://host/a.onnx': plain });
    const loaded = await loadGraph(source, platform);
    expect(loaded.name).toBe(name);
    expect(loaded.graph.nodes.map(({ op }) => op)).toEqual(['Relu']);
    expect(loaded.bytes).toEqual(plain);
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [7, 'number'],
  ])('refuses %s', async (source, found) => {
    const message = `model: expected a path, a URL or the bytes of an ONNX file, found ${found}`;
    await expect(loadGraph(source as unknown as ModelSource, platformOf({}))).rejects.toMatchObject({
      code: 'E_USAGE',
      message,
    });
  });

  it('names the file in errors', async () => {
    const platform = platformOf({ 'nets/bad.onnx': Uint8Array.of(1, 2, 3) });
    await expect(loadGraph('nets/bad.onnx', platform)).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringMatching(/^nets\/bad\.onnx: /),
    });
    await expect(loadGraph('nets/none.onnx', platform)).rejects.toMatchObject({ code: 'E_FILE' });
  });
});

describe('external data', () => {
  const data = new Uint8Array(Float32Array.of(0, 1.5, -2).buffer);

  it('is read beside the file', async () => {
    const platform = platformOf({ 'nets/a.onnx': external, 'nets/data.bin': data });
    const { graph } = await loadGraph('nets/a.onnx', platform);
    expect(toNumbers(graph.value('w').constant!)).toEqual([1.5, -2]);
  });

  it('is missed', async () => {
    await expect(loadGraph('nets/a.onnx', platformOf({ 'nets/a.onnx': external }))).rejects.toMatchObject({
      code: 'E_FILE',
      message: expect.stringContaining('nets/data.bin'),
    });
    await expect(loadGraph(external, platformOf({}))).rejects.toMatchObject({ code: 'E_FILE' });
  });
});
