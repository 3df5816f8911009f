import { describe, expect, it } from 'vitest';
import { evaluate } from '../../test/evaluate.ts';
import { type DType, f32, Graph, int, ints, type Shape } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { normalizeNetwork } from '../passes/index.ts';
import { adaptInput } from './adapt-input.ts';
import { normalisations } from './image-form.ts';
import { imageInputOf } from './input.ts';

/** Channel sums per pixel, of an input of any layout and type. */
function network(shape: Shape, dtype: DType, toChannelsFirst: boolean, channels = 3): Graph {
  const graph = new Graph('g');
  const b = new Builder(graph);
  const x = graph.input('x', dtype, shape);
  const moved = toChannelsFirst ? b.op('Transpose', [x], { perm: ints([0, 3, 1, 2]) }) : x;
  const w = b.constant(
    'w',
    f32(
      [2, channels, 1, 1],
      Array.from({ length: 2 * channels }, (_, i) => i + 1),
    ),
  );
  const y = b.op('Conv', [dtype === 'float32' ? moved : b.cast(moved, 'float32'), w], {}, 'conv');
  graph.outputs = [b.op('Flatten', [y], { axis: int(1) })];
  return graph;
}

const pixels = [1, 2, 3, 4, 250, 6];
/** The same two pixels, channels last. */
const interleaved = [1, 3, 250, 2, 4, 6];
const expected = [1 + 6 + 750, 2 + 8 + 18, 4 + 15 + 1500, 8 + 20 + 36];

describe('an input', () => {
  it('with its channels last gets them first, and computes the same', () => {
    const images = { dtype: 'float32', dims: [1, 1, 2, 3], data: Float32Array.from(interleaved) } as const;
    expect(evaluate(network(['N', 1, 2, 3], 'float32', true), { x: images })).toEqual(expected);
    const lines: string[] = [];
    const graph = adaptInput(network(['N', 1, 2, 3], 'float32', true), {}, (line) => lines.push(line));
    // a height of 1 may be channels
    expect(graph.inputs[0]!.shape).toEqual(['N', 1, 2, 3]);
    expect(lines).toEqual([]);
  });

  it.each(['float32', 'uint8'] as const)('%s [N, 2, 1, 3] is taken as floats [N, 3, 2, 1]', (dtype) => {
    const lines: string[] = [];
    const graph = adaptInput(network(['N', 2, 1, 3], dtype, true), {}, (line) => lines.push(line));
    expect(imageInputOf(graph)).toMatchObject({ channels: 3, dtype: 'float32', size: { height: 2, width: 1 } });
    expect(lines).toEqual([`input 'x' is ${dtype} [N, 2, 1, 3] and is taken as float32 [N, 3, 2, 1]`]);
    const x = { dtype: 'float32', dims: [1, 3, 2, 1], data: Float32Array.from(pixels) } as const;
    expect(evaluate(graph, { x })).toEqual(expected);
    expect(graph.metadata.get('input_std')).toBe(dtype === 'uint8' ? '1,1,1' : undefined);
    const normal = normalizeNetwork(graph);
    expect(normal.nodes.map(({ op }) => op)).toEqual(['Conv', 'Flatten']);
    expect(evaluate(normal, { x })).toEqual(expected);
  });

  it('of bytes that are computed with as bytes gives them back', () => {
    const graph = new Graph('g');
    const b = new Builder(graph);
    const x = graph.input('x', 'uint8', [1, 1, 1, 2]);
    graph.outputs = [
      b.cast(b.op('Max', [x, b.constant('m', { dtype: 'uint8', dims: [], data: Uint8Array.of(5) })]), 'float32'),
    ];
    adaptInput(graph);
    const given = { dtype: 'float32', dims: [1, 1, 1, 2], data: Float32Array.of(3, 200) } as const;
    expect(evaluate(graph, { x: given })).toEqual([5, 200]);
  });

  it('with open channels has those of the first convolution', () => {
    const graph = adaptInput(network(['N', 'C', 'H', 'W'], 'float32', false, 1));
    expect(graph.inputs[0]!.shape).toEqual(['N', 1, 'H', 'W']);
  });

  it('of bytes has pixels as they are', () => {
    const graph = adaptInput(network(['N', 3, 4, 6], 'uint8', false), { normalisation: normalisations.raw });
    expect(graph.metadata.get('input_std')).toBe('1,1,1');
    for (const name of ['unit', 'imagenet', 'tf'] as const) {
      const fractions = { normalisation: normalisations[name] };
      expect(() => adaptInput(network(['N', 3, 4, 6], 'uint8', false), fractions)).toThrow(
        expect.objectContaining({ code: 'E_USAGE', where: 'normalization' }),
      );
    }
  });

  it('takes sizes and a normalisation from the caller', () => {
    const normalisation = normalisations.imagenet;
    const graph = adaptInput(network(['N', 3, 'H', 'W'], 'float32', false), { dims: { H: 4, W: 6 }, normalisation });
    expect(graph.inputs[0]!.shape).toEqual(['N', 3, 4, 6]);
    expect(graph.metadata.get('input_mean')).toBe('123.675,116.28,103.53');
    const one = adaptInput(network([1, 3, 4, 6], 'float32', false), { normalisation: normalisations.tf });
    expect(one.metadata.get('input_std')).toBe('127.5,127.5,127.5');
  });

  it('is not taken as what it is not', () => {
    const square = () => network(['N', 3, 'H', 'W'], 'float32', false);
    expect(() => adaptInput(square(), { dims: { D: 4 } })).toThrow(
      "dimension 'D': expected one of the model's (N, H, W)",
    );
    const two = { mean: [1, 2], std: [1, 2] };
    expect(() => adaptInput(square(), { normalisation: two })).toThrow('mean: expected one number or 3, found 2');
    const lines: string[] = [];
    adaptInput(square(), { normalisation: { mean: [0.485], std: [0.229] } }, (line) => lines.push(line));
    expect(lines).toEqual(['mean 0.485 and deviation 0.229 are taken of pixels 0..255: those of 0..1 times 255']);
  });
});
