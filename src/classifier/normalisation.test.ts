import { describe, expect, it } from 'vitest';
import { evaluate, relativeError } from '../../test/evaluate.ts';
import { Graph, type Tensor, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { normalisationMetadata, readNormalisation, takePixels } from './normalisation.ts';

const normalisation = { mean: [10, 100], std: [2, 50] };
const images: Tensor = { dtype: 'uint8', dims: [2, 2, 1, 2], data: Uint8Array.of(0, 12, 100, 0, 255, 10, 150, 255) };
const expected = [-5, 1, 0, -2, 122.5, 0, 1, 3.1];

function sample(input = 'input', batch: number | string = 'N'): Graph {
  const graph = new Graph('g');
  const x = graph.input(input, 'float32', [batch, 2, 1, 2]);
  graph.outputs = [new Builder(graph).neg(x)];
  return graph;
}

describe('takePixels', () => {
  it('normalises uint8 images inside the graph', () => {
    const graph = sample();
    takePixels(graph, 'N', normalisation);
    verify(graph);
    expect(graph.inputs.map((i) => [i.name, i.type])).toEqual([['images', { dtype: 'uint8', shape: ['N', 2, 1, 2] }]]);
    const found = evaluate(graph, { images });
    expect(
      relativeError(
        found.map((v) => -v),
        expected,
      ),
    ).toBeLessThan(1e-6);
  });

  it('takes the place of an input that is called images itself', () => {
    const graph = sample('images', 2);
    takePixels(graph, 2, normalisation);
    verify(graph);
    expect(graph.inputs.map((i) => [i.name, i.dtype])).toEqual([['images', 'uint8']]);
    expect(evaluate(graph, { images })[7]).toBeCloseTo(-3.1, 5);
  });

  it('refuses another number of channels', () => {
    expect(() => takePixels(sample(), 'N', { mean: [1, 2, 3], std: [1, 1, 1] })).toThrow(
      expect.objectContaining({
        code: 'E_MODEL',
        message: "input 'input': expected 2 channels of mean and deviation, found 3",
      }),
    );
  });
});

describe('metadata', () => {
  const withMetadata = (entries: Record<string, string>) => {
    const graph = sample();
    for (const [key, value] of Object.entries(entries)) graph.metadata.set(key, value);
    return graph;
  };

  it('keeps every digit', () => {
    const exact = { mean: [33.318421449829934, 1 / 3], std: [78.56748998339798, 1e-7] };
    expect(readNormalisation(withMetadata(normalisationMetadata(exact)), 2)).toEqual(exact);
  });

  it('accepts brackets, spaces, and one number for all channels', () => {
    const graph = withMetadata({ input_mean: '[1, 2.5]', input_std: ' 3 ' });
    expect(readNormalisation(graph, 2)).toEqual({ mean: [1, 2.5], std: [3, 3] });
  });

  it('needs both entries', () => {
    expect(readNormalisation(withMetadata({}), 2)).toBeUndefined();
    expect(readNormalisation(withMetadata({ input_mean: '1' }), 2)).toBeUndefined();
  });

  it.each([
    [{ input_mean: 'x', input_std: '1' }, "metadata input_mean: expected numbers, found 'x'"],
    [{ input_mean: '', input_std: '1' }, "metadata input_mean: expected numbers, found ''"],
    [{ input_mean: '1,2,3', input_std: '1' }, 'metadata input_mean: expected one number or 2, found 3'],
    [{ input_mean: '1', input_std: '0' }, "metadata input_std: expected numbers above 0, found '0'"],
  ])('refuses %j', (entries, message) => {
    expect(() => readNormalisation(withMetadata(entries), 2)).toThrow(
      expect.objectContaining({ code: 'E_MODEL', message }),
    );
  });
});
