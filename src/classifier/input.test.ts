import { describe, expect, it } from 'vitest';
import { evaluate } from '../../test/evaluate.ts';
import { formatSize, type SizeOption } from '../images/size.ts';
import { type DType, Graph, type Shape, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from '../passes/index.ts';
import {
  changeInputSize,
  chooseInputSize,
  closeInputSize,
  imageInputOf,
  noteInputSize,
  setInputSize,
} from './input.ts';
import { noteNormalisation, requireNormalisation, takePixels } from './normalisation.ts';

function network(shape: Shape, dtype: DType = 'float32', metadata: Readonly<Record<string, string>> = {}): Graph {
  const graph = new Graph('g');
  const b = new Builder(graph);
  graph.outputs = [b.op('Flatten', [b.cast(graph.input('x', dtype, shape), 'float32')])];
  for (const [key, value] of Object.entries(metadata)) graph.metadata.set(key, value);
  return graph;
}

const open = ['N', 3, 'H', 'W'] as const;

describe('the size of an input', () => {
  const sizeOf = (graph: Graph, wanted?: SizeOption) => formatSize(chooseInputSize(imageInputOf(graph), wanted));

  it("is the model's, or what is asked for, or that of the metadata", () => {
    expect(sizeOf(network(['N', 3, 8, 8], 'float32', { input_size: '9' }))).toBe('8');
    expect(sizeOf(network(open, 'float32', { input_size: '9' }))).toBe('9');
    expect(sizeOf(network(open, 'float32', { input_size: '9' }), 5)).toBe('5');
    expect(sizeOf(network(['N', 3, 8, 12]))).toBe('8x12');
    expect(sizeOf(network(open, 'float32', { input_size: '9,7' }))).toBe('9x7');
    expect(sizeOf(network(open), { height: 5, width: 6 })).toBe('5x6');
    expect(() => sizeOf(network(['N', 3, 8, 8]), 5)).toThrow("input size: expected the model's input size 8, found 5");
    expect(() => sizeOf(network(open))).toThrow('input size: expected an input size (--input-size), found none');
  });

  it('is fixed and noted', () => {
    const shapeOf = (graph: Graph) => graph.inputs[0]!.shape;
    expect(shapeOf(closeInputSize(network(open), undefined))).toEqual(open);
    expect(shapeOf(closeInputSize(network(open, 'uint8', { input_size: '9' }), undefined))).toEqual(['N', 3, 9, 9]);
    expect(shapeOf(closeInputSize(network(['N', 3, 8, 8]), 5))).toEqual(['N', 3, 8, 8]);
    const graph = network(open);
    noteInputSize(graph, { height: 7, width: 7 });
    noteInputSize(graph, { height: 9, width: 9 });
    expect(graph.metadata.get('input_size')).toBe('7');
    expect(setInputSize(graph, 7, 2).outputs[0]!.type).toEqual({ dtype: 'float32', shape: [2, 147] });
  });

  it('is changed where the network takes another', () => {
    const pooled = (batch: number | string, end: (x: Value, b: Builder) => Value = (x) => x) => {
      const graph = new Graph('g');
      const b = new Builder(graph);
      graph.outputs = [end(b.op('GlobalAveragePool', [graph.input('x', 'float32', [batch, 3, 8, 8])]), b)];
      return inferShapes(graph);
    };
    expect(changeInputSize(pooled(1), undefined).inputs[0]!.shape).toEqual([1, 3, 8, 8]);
    for (const batch of [1, 'N']) {
      const changed = changeInputSize(pooled(batch), { height: 4, width: 6 });
      expect([changed.inputs[0]!.shape, changed.outputs[0]!.shape]).toEqual([
        [batch, 3, 4, 6],
        [batch, 3, 1, 1],
      ]);
    }
    // larger maps, flattened, would be more images
    const view = new Graph('g');
    const views = new Builder(view);
    view.outputs = [views.reshape(view.input('x', 'float32', ['N', 3, 8, 8]), [-1, 192])];
    expect(() => changeInputSize(inferShapes(view), 16)).toThrow(
      'or others that it can take, found 16: outputs of [8, 192] for a batch of 2',
    );
    expect(changeInputSize(network(open), 4).inputs[0]!.shape).toEqual(open);
    const fixed = network([1, 3, 8, 8]);
    const b = new Builder(fixed);
    const weights = { dtype: 'float32', dims: [192, 2], data: new Float32Array(384) } as const;
    fixed.outputs = [b.gemm(fixed.outputs[0]!, b.constant('w', weights))];
    expect(() => changeInputSize(inferShapes(fixed), 4)).toThrow(
      /^input size: expected the model's input size 8, or others that it can take, found 4: node 'gemm/,
    );
  });
});

describe('the type of an input', () => {
  it('is float32 or bytes', () => {
    expect(imageInputOf(network(['N', 1, 2, 2], 'uint8')).dtype).toBe('uint8');
    expect(() => imageInputOf(network(['N', 1, 2, 2], 'float16'))).toThrow(
      expect.objectContaining({ code: 'E_MODEL', detail: 'expected an input of float32, found float16' }),
    );
  });

  it('of bytes takes pixels as they are', () => {
    const graph = network([1, 1, 1, 3], 'uint8');
    expect(requireNormalisation(graph, 1)).toEqual({ mean: [0], std: [1] });
    noteNormalisation(graph, { mean: [3], std: [4] });
    expect([...graph.metadata]).toEqual([]);
    takePixels(graph, 1, { mean: [100], std: [50] });
    const images = { dtype: 'uint8', dims: [1, 1, 1, 3], data: Uint8Array.of(0, 7, 255) } as const;
    expect(evaluate(graph, { images })).toEqual([0, 7, 255]);
  });
});
