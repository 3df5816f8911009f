import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { network, operatorCases, tfliteCases } from '../../test/fixtures/tflite-cases.ts';
import { type ModelSpec, writeTflite } from '../../test/fixtures/tflite-writer.ts';
import { printGraph, Random, TritbankError } from '../ir/index.ts';
import { readTflite } from '../tflite/index.ts';
import { tidy } from './tidy.ts';

const conv = operatorCases['conv, same, stride 2, even image']!;

describe('what a file becomes', () => {
  it('is channels first, with the odd pixel of SAME behind, and without transpositions', () => {
    const graph = tidy(readTflite(writeTflite({ ...conv, operators: [conv.operators[0]!] })));
    expect(graph.inputs[0]!.shape).toEqual(['N', 3, 8, 8]);
    const node = graph.nodes.find(({ op }) => op === 'Conv')!;
    expect(node.ints('pads', [])).toEqual([0, 0, 1, 1]);
    expect(node.input(1).dims).toEqual([4, 3, 3, 3]);
  });

  it('is a network', () => {
    const ops = tidy(readTflite(writeTflite(network('float')))).nodes.map(({ op }) => op);
    expect(ops).toEqual(['Conv', 'Clip', 'Conv', 'Clip', 'Add', 'ReduceMean', 'Gemm', 'Softmax']);
  });

  it('is the same in half precision, weights decoded', () => {
    const [float, half] = [network('float'), network('half')].map((spec) =>
      printGraph(tidy(readTflite(writeTflite(spec)))),
    );
    expect(half).toBe(float);
  });

  it('is the same from a Buffer that begins anywhere', () => {
    const bytes = writeTflite(network('8 bits per filter'));
    const printed = printGraph(readTflite(bytes));
    for (const offset of [8, 9, 12]) {
      const buffer = Buffer.concat([Buffer.alloc(offset), bytes]).subarray(offset);
      expect(printGraph(readTflite(buffer))).toBe(printed);
    }
  });

  it('has the batch of the file where it cannot be another', () => {
    const spec: ModelSpec = {
      tensors: [
        { name: 'x', shape: [1, 2, 2, 3] },
        { name: 'shape', shape: [1], type: 'INT32', data: [12] },
        { name: 'y', shape: [12] },
      ],
      operators: [{ op: 'RESHAPE', inputs: ['x', 'shape'], outputs: ['y'], options: [17] }],
      inputs: ['x'],
      outputs: ['y'],
    };
    const graph = readTflite(writeTflite(spec));
    expect(graph.inputs[0]!.shape).toEqual([1, 3, 2, 2]);
    expect(graph.outputs[0]!.shape).toEqual([12]);
  });

  it('takes images channels first where the file begins with a transposition', () => {
    const spec: ModelSpec = {
      tensors: [
        { name: 'x', shape: [1, 3, 8, 8] },
        { name: 'perm', shape: [4], type: 'INT32', data: [0, 2, 3, 1] },
        { ...conv.tensors[0]!, name: 'moved' },
        ...conv.tensors.slice(1),
      ],
      operators: [
        { op: 'TRANSPOSE', inputs: ['x', 'perm'], outputs: ['moved'], options: [26] },
        { ...conv.operators[0]!, inputs: ['moved', 'w', 'bias'] },
      ],
      inputs: ['x'],
      outputs: ['y'],
    };
    const graph = tidy(readTflite(writeTflite(spec)));
    expect(graph.inputs[0]!.shape).toEqual(['N', 3, 8, 8]);
    expect(graph.nodes.filter(({ op }) => op === 'Transpose').length).toBe(1);
  });

  it('has a ReLU where the stored range begins at zero', () => {
    const quantized = network('8 bits per filter');
    const ops = tidy(readTflite(writeTflite(quantized))).nodes.map(({ op }) => op);
    expect(ops).toContain('Relu');
    expect(ops.filter((op) => op.includes('Quantize'))).toEqual([]);
    const stored = tidy(readTflite(writeTflite(quantized), { activations: 'stored' })).nodes.map(({ op }) => op);
    expect(stored).toContain('QuantizeLinear');
  });
});

describe('what a file says of images and classes', () => {
  const metadataOf = (bytes: Uint8Array) => Object.fromEntries(readTflite(bytes).metadata);

  it('stored pixels have mean and deviation', () => {
    expect(metadataOf(writeTflite(network('8 bits per tensor')))).toEqual({ input_mean: '128', input_std: '128' });
    expect(metadataOf(writeTflite(network('float')))).toEqual({});
  });

  it('int8 pixels are 128 below those of images', () => {
    const spec = network('8 bits per filter');
    const tensors = spec.tensors.map((tensor) =>
      tensor.name === 'image' ? { ...tensor, type: 'INT8' as const, zeroPoint: [-1], scale: [0.5] } : tensor,
    );
    expect(metadataOf(writeTflite({ ...spec, tensors }))).toEqual({ input_mean: '127', input_std: '2' });
  });

  it('metadata have a normalisation, and the archive behind the model the names', () => {
    const metadata = { mean: [127.5], std: [127.5], labels: 'names.txt' };
    const bytes = writeTflite({ ...network('float'), metadata });
    const archive = zipSync({ 'names.txt': strToU8('ant\nbee\r\ncat\ndog\nelk\n'), 'other.txt': strToU8('x') });
    const found = metadataOf(Uint8Array.from([...bytes, ...archive]));
    expect(found).toEqual({ input_mean: '127.5', input_std: '127.5', labels: '["ant","bee","cat","dog","elk"]' });
    expect(metadataOf(bytes)).toEqual({ input_mean: '127.5', input_std: '127.5' });
    const wrong = zipSync({ 'names.txt': strToU8('ant\nbee') });
    expect(metadataOf(Uint8Array.from([...bytes, ...wrong]))).toEqual({ input_mean: '127.5', input_std: '127.5' });
    const notesOf = (...parts: Uint8Array[]) => readTflite(Buffer.concat(parts)).notes;
    expect(notesOf(bytes, archive)).toEqual([]);
    expect(notesOf(bytes, wrong)).toEqual(['the file has 2 names for 5 classes: they are not taken']);
    const damaged = [expect.stringMatching(/names of its classes \(names\.txt\) is damaged/)];
    expect(notesOf(bytes, archive.subarray(0, -20))).toEqual(damaged);
    expect(notesOf(bytes, archive.subarray(80))).toEqual(damaged);
    expect(readTflite(writeTflite(network('float'))).notes).toEqual([]);
  });
});

describe('what cannot be read', () => {
  it('custom operators and others are named, all at once', () => {
    const operators = [
      { op: 'custom:Detect', inputs: ['x'], outputs: ['z'] },
      { op: 'SVDF', inputs: ['z'], outputs: ['y'] },
    ];
    const tensors = ['x', 'y', 'z'].map((name) => ({ name, shape: [1, 4] }));
    const bytes = writeTflite({ tensors, operators, inputs: ['x'], outputs: ['y'] });
    expect(() => readTflite(bytes, { name: 'm.tflite' })).toThrow(expect.objectContaining({ code: 'E_UNSUPPORTED' }));
    expect(() => readTflite(bytes, { name: 'm.tflite' })).toThrow('m.tflite: expected operators that have a rule');
    expect(() => readTflite(bytes)).toThrow("found custom operator 'Detect', SVDF");
  });

  it('sizes that the operators contradict', () => {
    const tensors = conv.tensors.map((tensor) => (tensor.name === 'y' ? { ...tensor, shape: [1, 5, 4, 4] } : tensor));
    expect(() => readTflite(writeTflite({ ...conv, tensors }))).toThrow(
      "operator 0 (CONV_2D): tensor 'y': expected [N, 5, 4, 4] as it says, found [N, 4, 4, 4]",
    );
  });

  it('constants of another size, and scales that do not fit', () => {
    const change = (changes: object) =>
      writeTflite({ ...conv, tensors: conv.tensors.map((t) => (t.name === 'w' ? { ...t, ...changes } : t)) });
    expect(() => readTflite(change({ data: [1, 2, 3] }))).toThrow("tensor 'w': expected 432 bytes");
    const stored = { type: 'INT8', data: new Array(108).fill(1), scale: [1, 2, 3] };
    expect(() => readTflite(change(stored))).toThrow('expected a scale for each position');
  });

  it('damaged files are refused, and nothing else happens', () => {
    const random = new Random(1, 'damage');
    const files = Object.values(tfliteCases).map(writeTflite);
    let refused = 0;
    for (let trial = 0; trial < 1500; trial++) {
      const bytes = files[trial % files.length]!.slice(0, trial % 7 === 0 ? -1 - random.int(64) : undefined);
      for (let n = 0; n < 1 + (trial % 4); n++) bytes[random.int(bytes.length)] = random.int(256);
      try {
        tidy(readTflite(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(TritbankError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});
