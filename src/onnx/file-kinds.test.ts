import { describe, expect, it } from 'vitest';
import { f32Type, modelBytes, node } from '../../test/onnx-model.ts';
import { describeFile } from './file-kinds.ts';
import { readModel } from './read.ts';

const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const padded = (text: string) => latin(text.padEnd(64, '\0'));

describe('a file that is no ONNX model', () => {
  it.each<[what: string, advice: string, bytes: Uint8Array]>([
    ['an empty file', 'download', latin('')],
    ['a TensorFlow Lite model', 'tritbank convert FILE', padded('\x1c\0\0\0TFL3')],
    ["a model in ONNX Runtime's own format (.ort)", '.onnx', padded('\x1c\0\0\0ORTM')],
    ['a Keras model (HDF5)', '--keras', padded('\x89HDF\r\n\x1a\n')],
    ['a PyTorch file (zip)', 'torch.onnx.export', padded(`PK\x03\x04${'\0'.repeat(26)}archive/data.pkl`)],
    ['a Keras model (.keras)', 'format="onnx"', padded(`PK\x03\x04${'\0'.repeat(26)}metadata.json`)],
    ['a zip archive', 'unpack', padded(`PK\x03\x04${'\0'.repeat(26)}inside.txt`)],
    ['a Python pickle', 'torch.onnx.export', padded('\x80\x02\x8a\x0al\xfc')],
    ['a safetensors file', 'torch.onnx.export', latin('\x40\0\0\0\0\0\0\0{"w":{"dtype":"F32"}}')],
    ['a GGUF file', 'ONNX', padded('GGUF\x03')],
    ['a NumPy array', 'network', padded('\x93NUMPY\x01')],
    ['a Git LFS pointer', 'git lfs pull', latin('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n')],
    ['a TensorFlow.js model', 'tritbank convert FILE', latin('{"format": "layers-model", "modelTopology": {}}')],
    ['a TensorFlow.js graph model', '--tfjs', latin('{"format": "graph-model", "modelTopology": {}}')],
    ['a TensorFlow SavedModel', '--saved-model', latin('\x08\x01\x12\xff\x7f\x0a\x05Const\x12\x0fallowed_values')],
    ['an HTML page', 'download', latin('\n<!DOCTYPE html><html><head></head></html>')],
    ['an XML file', 'ONNX', latin('<?xml version="1.0"?><net name="x"></net>')],
    ['a gzip file', 'gunzip', padded('\x1f\x8b\x08')],
    ['a compressed archive', 'unpack', padded('BZh91AY')],
    ['a tar archive', 'unpack', latin(`${'m.onnx'.padEnd(257, '\0')}ustar\x00`)],
    ['an image', 'images', padded('\x89PNG\r\n\x1a\n')],
    ['an image', 'images', padded('\xff\xd8\xff\xe0\0\x10JFIF')],
    ['a JSON file', 'ONNX', latin('{"classes": ["cat", "dog"]}')],
    ['a JSON file without a model', 'modelTopology', latin('{}')],
    ['a JSON file without a model', 'ONNX', latin('[]\n')],
    ['a text file', 'ONNX', latin('# The network of the paper\n\nSee below.\n')],
  ])('%s', (what, advice, bytes) => {
    const action = () => readModel(bytes, { name: 'm.onnx' });
    expect(action).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
    expect(action).toThrow(`m.onnx: expected an ONNX model, found ${what}`);
    expect(action).toThrow(advice);
  });

  it('is not guessed where the bytes tell nothing', () => {
    expect(describeFile(Uint8Array.of(1, 2, 3, 4))).toBeUndefined();
    expect(() => readModel(Uint8Array.of(15, 2, 3, 4))).toThrow('wire type');
  });
});

it('a model is read, whatever its first field', () => {
  const model = modelBytes({
    inputs: { x: f32Type(1) },
    nodes: [node('Relu', ['x'], ['y'])],
    outputs: { y: f32Type(1) },
  });
  // field 10 as a varint: the P of PK
  expect(readModel(Uint8Array.of(0x50, 0x4b, ...model)).nodes.length).toBe(1);
});
