import { describe, expect, it } from 'vitest';
import { type DType, Graph, type Shape, type Value } from '../ir/index.ts';
import { fixedDims, readBatch } from './feeds.ts';
import { Tensor } from './tensor.ts';

function inputs(...types: [name: string, shape: Shape | undefined, dtype?: DType][]): Value[] {
  const graph = new Graph();
  for (const [name, shape, dtype = 'float32'] of types) graph.input(name, dtype, shape);
  return graph.inputs;
}

const zeros = (...dims: number[]) => new Tensor('float32', new Float32Array(dims.reduce((n, d) => n * d, 1)), dims);

describe('a batch', () => {
  it.each<[string, Shape | undefined, number[], count: number, dims: number[]]>([
    ['a name in front', ['N', 3, 4, 5], [7, 3, 4, 5], 7, [1, 3, 4, 5]],
    ['1 in front', [1, 8], [1, 8], 1, [1, 8]],
    ['a size in front of an image', [2, 3, 4, 5], [2, 3, 4, 5], 2, [1, 3, 4, 5]],
    ['a size in front of anything else', [6, 5], [6, 5], 1, [6, 5]],
    ['no shape', undefined, [3, 2], 3, [1, 2]],
    ['no dimensions', [], [], 1, []],
  ])('%s', (_, shape, given, count, dims) => {
    const batch = readBatch(inputs(['x', shape]), { x: zeros(...given) });
    expect([batch.count, batch.dims.get('x')]).toEqual([count, dims]);
  });

  it('is that of all inputs', () => {
    const two = inputs(['x', ['N', 3, 4, 4]], ['y', ['N', 2]], ['z', [5, 2]]);
    const batch = readBatch(two, { x: zeros(3, 3, 4, 4), y: zeros(3, 2), z: zeros(5, 2) });
    expect(batch.count).toBe(3);
    expect([...batch.dims]).toEqual([
      ['x', [1, 3, 4, 4]],
      ['y', [1, 2]],
      ['z', [5, 2]],
    ]);
    const message = "input 'y': expected a batch of 3 as for the other inputs, found [2, 2]";
    const other = inputs(['x', ['N', 3, 4, 4]], ['y', ['M', 2]]);
    expect(() => readBatch(other, { x: zeros(3, 3, 4, 4), y: zeros(2, 2) })).toThrow(message);
  });

  it('gives each name one size', () => {
    const square = inputs(['x', ['N', 1, 'S', 'S']]);
    expect(readBatch(square, { x: zeros(1, 1, 5, 5) }).count).toBe(1);
    expect(() => readBatch(square, { x: zeros(1, 1, 5, 4) })).toThrow(
      expect.objectContaining({ code: 'E_SHAPE', message: "input 'x': expected [N, 1, S, S], found [1, 1, 5, 4]" }),
    );
  });

  it('takes the tensors of another library', () => {
    const foreign = { type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2), location: 'cpu' };
    expect(readBatch(inputs(['x', ['N', 2]]), { x: foreign as unknown as Tensor }).count).toBe(1);
  });
});

describe('dimensions that a file fixes', () => {
  it.each<[string, Shape | undefined, number[] | undefined]>([
    ['all', [1, 3, 32, 32], [1, 3, 32, 32]],
    ['all but the batch', ['N', 3, 32, 32], [1, 3, 32, 32]],
    ['a size is open', ['N', 3, 'H', 32], undefined],
    ['a size is 0', ['N', 0], undefined],
    ['no shape', undefined, undefined],
  ])('%s', (_, shape, dims) => {
    expect(fixedDims(inputs(['x', shape]))?.get('x')).toEqual(dims);
  });

  it('of all inputs, or of none', () => {
    expect(fixedDims(inputs(['x', [1, 2]], ['y', ['N', 'L']]))).toBeUndefined();
  });
});
