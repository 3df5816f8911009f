import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../../test/evaluate.ts';
import { differentiate } from '../../autodiff/differentiate.ts';
import type { Normalisation } from '../../classifier/index.ts';
import { epochOrder, type Split, synthetic } from '../../data/index.ts';
import { compile } from '../../engine/index.ts';
import { AbortError, f32, Graph, int, ints, type Tensor, toNumbers, type Value } from '../../ir/index.ts';
import { NetworkBuilder } from '../../models/index.ts';
import { Builder } from '../../ops/index.ts';
import { inferShapes } from '../../passes/index.ts';
import { findLayers } from '../../quantize/index.ts';
import { crossEntropy } from '../../train/loss.ts';
import { collectStatistics, type LayerStatistics, type Pass } from './statistics.ts';

const normalisation: Normalisation = { mean: [120, 130, 110], std: [50, 60, 70] };
const classes = 5;
const data = synthetic({ classes, height: 9, width: 9, train: 12, test: 0, seed: 3 });

/** A strided, padded, dilated convolution, a strided 1x1 convolution, and Gemms. */
function oddNetwork(): Graph {
  const graph = new Graph('odd');
  const b = new Builder(graph);
  const x = graph.input('input', 'float32', ['N', 3, 9, 9]);
  const weight = (name: string, dims: readonly number[]) => b.constant(`${name}_weight`, normal(1, dims, name));
  const geometry = { pads: ints([1, 0, 2, 1]), strides: ints([1, 2]), dilations: ints([2, 1]) };
  let y = b.op('Conv', [x, weight('a', [24, 3, 3, 2]), b.constant('a_bias', normal(1, [24]))], geometry, 'a');
  y = b.relu(y);
  y = b.relu(b.op('Conv', [y, weight('b', [32, 24, 1, 1])], { strides: ints([2, 2]) }, 'b'));
  y = b.op('Flatten', [b.op('GlobalAveragePool', [y])]);
  y = b.relu(b.op('Gemm', [y, weight('c', [8, 32]), b.constant('c_bias', normal(2, [8]))], { transB: int(1) }, 'c'));
  graph.outputs = [b.op('Gemm', [y, weight('d', [8, classes])], {}, 'd')];
  return inferShapes(graph);
}

/** A Gemm with three rows per image, one for each colour. */
function rowsNetwork(): Graph {
  const graph = new Graph('rows');
  const b = new Builder(graph);
  const x = graph.input('input', 'float32', ['N', 3, 9, 9]);
  const pooled = b.op('AveragePool', [x], { kernel_shape: ints([3, 3]), strides: ints([3, 3]) });
  const weight = b.constant('e_weight', normal(1, [6, 9], 'e'));
  const y = b.relu(b.op('Gemm', [b.reshape(pooled, [-1, 9]), weight], { transB: int(1) }, 'e'));
  const flat = b.reshape(y, [-1, 18]);
  graph.outputs = [b.op('Gemm', [flat, b.constant('f_weight', normal(1, [18, classes], 'f'))], {}, 'f')];
  return graph;
}

/** Float images of the split, normalised, as a batch: [indices, 3, S, S]. */
function imagesOf(split: Split, indices: ArrayLike<number>): Tensor {
  const pixels = Array.from(indices, (i) => Array.from(split.read(i) as Uint8Array)).flat();
  const plane = split.height * split.width;
  const normalised = pixels.map((v, at) => {
    const channel = Math.floor(at / plane) % 3;
    return (v - normalisation.mean[channel]!) / normalisation.std[channel]!;
  });
  return f32([indices.length, 3, split.height, split.width], normalised);
}

const all = Array.from({ length: data.train.length }, (_, i) => i);
const options = { normalisation, images: 12, batchSize: 4, threads: 1 } as const;

/** What layer `name` reads, in the reference semantics. */
function inputsOf(graph: Graph, name: string): { values: number[]; dims: readonly number[] } {
  const copy = graph.clone();
  const x = copy.nodes.find((node) => node.name === name)!.input(0);
  return valuesIn(copy, x);
}

/** A value, and nothing else, of a graph that is used up. */
function valuesIn(copy: Graph, x: Value): { values: number[]; dims: readonly number[] } {
  copy.outputs = [x];
  const values = evaluate(copy, { input: imagesOf(data.train, all) });
  return { values, dims: [all.length, ...(x.shape.slice(1) as number[])] };
}

/** Mean, and mean of products, of columns [count][n]. */
function momentsOf(columns: readonly (readonly number[])[]): { mean: number[]; products: number[] } {
  const n = columns[0]!.length;
  const mean = Array.from({ length: n }, (_, i) => columns.reduce((sum, x) => sum + x[i]!, 0) / columns.length);
  const products = Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return columns.reduce((sum, x) => sum + x[i]! * x[j]!, 0) / columns.length;
  });
  return { mean, products };
}

function expectMoments(found: LayerStatistics, columns: readonly (readonly number[])[]): void {
  const { mean, products } = momentsOf(columns);
  const n = mean.length;
  expect(found.count).toBe(columns.length);
  expect(relativeError(found.mean, mean)).toBeLessThan(1e-5);
  expect(relativeError(found.secondMoments!, products)).toBeLessThan(1e-5);
  for (let i = 0; i < n; i++) {
    expect(found.diagonal[i]).toBe(found.secondMoments![i * n + i]);
    for (let j = 0; j < i; j++) expect(found.secondMoments![i * n + j]).toBe(found.secondMoments![j * n + i]);
  }
}

describe('moments of the inputs', () => {
  it('are those of the windows of a convolution, in the order of the weights', async () => {
    const graph = oddNetwork();
    const found = await collectStatistics(graph, data.train, { ...options, sensitivity: false });
    expect([...found.keys()]).toEqual(['a', 'b', 'c', 'd']);
    const { values } = inputsOf(graph, 'a');
    const columns: number[][] = [];
    // 9 + 1 + 2 rows and windows of 5 rows, step 1: 8; 9 + 0 + 1 columns and windows of 2, step 2: 5
    for (const image of all) {
      for (let oy = 0; oy < 8; oy++) {
        for (let ox = 0; ox < 5; ox++) {
          const column: number[] = [];
          for (let c = 0; c < 3; c++) {
            for (let ky = 0; ky < 3; ky++) {
              for (let kx = 0; kx < 2; kx++) {
                const [y, x] = [oy - 1 + 2 * ky, 2 * ox + kx];
                const inside = y >= 0 && y < 9 && x < 9;
                column.push(inside ? values[((image * 3 + c) * 9 + y) * 9 + x]! : 0);
              }
            }
          }
          columns.push(column);
        }
      }
    }
    expectMoments(found.get('a')!, columns);
    expect(found.get('a')!.sensitivity).toBeUndefined();
  });

  it('are those of every second pixel, for a 1x1 convolution with stride 2', async () => {
    const graph = oddNetwork();
    const found = await collectStatistics(graph, data.train, { ...options, sensitivity: false, layers: ['b'] });
    expect([...found.keys()]).toEqual(['b']);
    const { values, dims } = inputsOf(graph, 'b');
    expect(dims).toEqual([12, 24, 8, 5]);
    const columns: number[][] = [];
    for (const image of all) {
      for (let y = 0; y < 8; y += 2) {
        for (let x = 0; x < 5; x += 2) {
          columns.push(Array.from({ length: 24 }, (_, c) => values[((image * 24 + c) * 8 + y) * 5 + x]!));
        }
      }
    }
    expectMoments(found.get('b')!, columns);
  });

  it('are those of the rows of a Gemm', async () => {
    const graph = oddNetwork();
    const found = await collectStatistics(graph, data.train, { ...options, sensitivity: false });
    for (const name of ['c', 'd']) {
      const { values, dims } = inputsOf(graph, name);
      const n = dims[1]!;
      expectMoments(
        found.get(name)!,
        all.map((image) => values.slice(image * n, (image + 1) * n)),
      );
    }
  });

  it('are those of the rows of a Gemm that has several per image', async () => {
    const graph = rowsNetwork();
    const found = await collectStatistics(graph, data.train, { ...options, sensitivity: false });
    const { values } = inputsOf(graph, 'e');
    expect(values.length).toBe(12 * 3 * 9);
    expectMoments(
      found.get('e')!,
      Array.from({ length: 12 * 3 }, (_, row) => values.slice(9 * row, 9 * row + 9)),
    );
  });

  it('have the covariance of what a global pool averages', async () => {
    const graph = oddNetwork();
    const found = await collectStatistics(graph, data.train, { ...options, sensitivity: false });
    expect([...found].filter(([, { pooled }]) => pooled).map(([name]) => name)).toEqual(['c']);
    const copy = graph.clone();
    const { values, dims } = valuesIn(copy, copy.nodes.find(({ op }) => op === 'GlobalAveragePool')!.input(0));
    const [, channels, height, width] = dims as [number, number, number, number];
    const plane = height * width;
    const columns = all.flatMap((image) =>
      Array.from({ length: plane }, (_, p) =>
        Array.from({ length: channels }, (_, c) => values[(image * channels + c) * plane + p]!),
      ),
    );
    const { mean, products } = momentsOf(columns);
    const covariance = products.map((v, at) => v - mean[Math.floor(at / channels)]! * mean[at % channels]!);
    expect(relativeError(found.get('c')!.pooled!, covariance)).toBeLessThan(1e-4);
  });

  it('are the diagonal only, for a large kernel over many channels', async () => {
    const network = new NetworkBuilder('wide', 1);
    let x = network.input(3, 9);
    x = network.activate('wide', network.conv('wide', x, { filters: 134, kernel: 1 }), 'relu');
    const graph = inferShapes(network.classifier(network.conv('large', x, { filters: 4, kernel: 3 }), classes));
    const found = await collectStatistics(graph, data.train, options);
    // 134 * 9 = 1206 weights
    const { secondMoments, diagonal, mean, count, sensitivity } = found.get('large')!;
    expect([secondMoments, diagonal.length, mean.length, count]).toEqual([undefined, 1206, 1206, 12 * 81]);
    const { values } = inputsOf(graph, 'large');
    const sums = [0, 0];
    // weight (c, 0, 2) of channel 5 sees, at (y, x), the pixel (y - 1, x + 1)
    for (const image of all) {
      for (let y = 0; y < 8; y++) {
        for (let column = 1; column < 9; column++) {
          const value = values[((image * 134 + 5) * 9 + y) * 9 + column]!;
          sums[0]! += value;
          sums[1]! += value * value;
        }
      }
    }
    expect(mean[5 * 9 + 2]).toBeCloseTo(sums[0]! / count, 5);
    expect(diagonal[5 * 9 + 2]).toBeCloseTo(sums[1]! / count, 5);
    expect(sensitivity!.every((s) => s > 0)).toBe(true);
  });
});

/** Gradients of one image's cross-entropy with respect to the weights [filters, n], and their sums over positions. */
async function gradientsOf(graph: Graph, image: number, name: string): Promise<{ weights: number[]; bias: number[] }> {
  const copy = graph.clone();
  copy.inputs[0]!.type = { dtype: 'float32', shape: [1, 3, 9, 9] };
  const layer = findLayers(copy).find((l) => l.name === name)!;
  const weight = copy.input('weight', 'float32', layer.weight.dims);
  layer.node.setInput(1, weight);
  inferShapes(copy);
  const y = layer.node.output();
  const b = new Builder(copy);
  const targets = b.constant(
    'targets',
    f32(
      [1, classes],
      all.slice(0, classes).map((k) => +(k === image % classes)),
    ),
  );
  const gradients = differentiate(copy, crossEntropy(b, copy.outputs[0]!, targets), [weight, y]);
  const dw = gradients.get(weight)!;
  const dy = gradients.get(y)!;
  const isGemm = layer.node.op === 'Gemm';
  copy.outputs = [
    isGemm && !layer.node.int('transB', 0) ? b.transpose(dw, [1, 0]) : dw,
    isGemm ? b.reduceSum(dy, [0]) : b.reduceSum(dy, [0, 2, 3]),
  ];
  const engine = await compile(copy, { threads: 1 });
  const results = await engine.run({ input: imagesOf(data.train, [image]), weight: layer.weight.constant! });
  await engine.release();
  const [weights, bias] = copy.outputs.map((output) => toNumbers(results[output.name]!));
  return { weights: weights!, bias: bias! };
}

it.each([oddNetwork(), rowsNetwork()])(
  'sensitivities are squares of gradients of single images: $name',
  async (graph) => {
    const found = await collectStatistics(graph, data.train, { ...options, labels: 'data' });
    for (const { name, filters } of findLayers(graph)) {
      const { mean, diagonal, sensitivity, biasSensitivity } = found.get(name)!;
      const n = mean.length;
      const trace = diagonal.reduce((sum, d, j) => sum + d - mean[j]! ** 2, 0);
      const [s, b] = [new Float64Array(filters), new Float64Array(filters)];
      for (const image of all) {
        const { weights, bias } = await gradientsOf(graph, image, name);
        for (let f = 0; f < filters; f++) {
          b[f]! += bias[f]! ** 2 / all.length;
          for (let j = 0; j < n; j++) s[f]! += (weights[f * n + j]! - bias[f]! * mean[j]!) ** 2 / trace / all.length;
        }
      }
      // of the scores' filters, each class has one image more that is like the mean of all
      const shown = filters === classes ? (v: Float64Array) => evened(v, all.length) : (v: Float64Array) => v;
      expect(relativeError(sensitivity!, shown(s)), name).toBeLessThan(1e-4);
      expect(relativeError(biasSensitivity!, shown(b)), name).toBeLessThan(1e-4);
    }
  },
);

const evened = (values: Float64Array, images: number) => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return values.map((v) => (v * images + mean * values.length) / (images + values.length));
};

describe('collectStatistics', () => {
  it('depends on its arguments only, and little on the size of a batch', async () => {
    const graph = oddNetwork();
    const first = await collectStatistics(graph, data.train, { ...options, images: 8, seed: 1 });
    expect(await collectStatistics(graph, data.train, { ...options, images: 8, seed: 1 })).toEqual(first);
    const other = await collectStatistics(graph, data.train, { ...options, images: 8, seed: 2 });
    expect(other.get('a')!.mean).not.toEqual(first.get('a')!.mean);
    const single = await collectStatistics(graph, data.train, { ...options, images: 8, seed: 1, batchSize: 1 });
    for (const [name, { secondMoments, sensitivity, biasSensitivity }] of first) {
      const found = single.get(name)!;
      expect(relativeError(found.secondMoments!, secondMoments!)).toBeLessThan(1e-5);
      expect(relativeError(found.sensitivity!, sensitivity!)).toBeLessThan(1e-4);
      expect(relativeError(found.biasSensitivity!, biasSensitivity!)).toBeLessThan(1e-4);
    }
  });

  it('draws the first images of a shuffled epoch, in batches of equal size', async () => {
    // 7 images at most 4 at a time: two batches of 3
    const found = await collectStatistics(oddNetwork(), data.train, { ...options, images: 7, seed: 5, layers: ['d'] });
    expect(found.get('d')!.count).toBe(6);
    const drawn = imagesOf(data.train, epochOrder(12, 5, 0, true).slice(0, 6));
    const copy = oddNetwork();
    copy.outputs = [copy.nodes.find((node) => node.name === 'd')!.input(0)];
    const values = evaluate(copy, { input: drawn });
    const mean = Array.from({ length: 8 }, (_, j) =>
      [0, 1, 2, 3, 4, 5].reduce((s, i) => s + values[8 * i + j]! / 6, 0),
    );
    expect(relativeError(found.get('d')!.mean, mean)).toBeLessThan(1e-5);
  });

  it('takes the batch size and the normalisation of the model', async () => {
    const graph = oddNetwork();
    graph.inputs[0]!.type = { dtype: 'float32', shape: [2, 3, 9, 9] };
    graph.metadata.set('input_mean', normalisation.mean.join());
    graph.metadata.set('input_std', normalisation.std.join());
    const counts: string[] = [];
    const onProgress = (done: number, total: number, { pass, passes }: Pass) => {
      counts.push(`${done}/${total} ${pass} of ${passes}`);
    };
    const found = await collectStatistics(graph, data.train, { images: 5, threads: 1, onProgress });
    expect(found.get('d')!.count).toBe(4);
    expect(counts).toEqual(['2/4 1 of 2', '4/4 1 of 2', '2/4 2 of 2', '4/4 2 of 2']);
  });

  it('stops after the signal', async () => {
    const controller = new AbortController();
    const onProgress = (done: number, _total: number, { pass }: Pass) => pass === 2 && done === 4 && controller.abort();
    const stopped = collectStatistics(oddNetwork(), data.train, { ...options, onProgress, signal: controller.signal });
    await expect(stopped).rejects.toThrow(new AbortError('stopped after 4 of 12 images'));
  });

  it('is empty for a network without candidates', async () => {
    const graph = new Graph('none');
    const x = graph.input('input', 'float32', ['N', 3, 9, 9]);
    graph.outputs = [new Builder(graph).op('Flatten', [new Builder(graph).op('GlobalAveragePool', [x])])];
    expect((await collectStatistics(inferShapes(graph), data.train, options)).size).toBe(0);
  });

  it('refuses what does not fit', async () => {
    const graph = oddNetwork();
    const attempt = (changes: object, split: Split = data.train) =>
      expect(collectStatistics(graph, split, { ...options, ...changes })).rejects;
    const { normalisation: _, ...without } = options;
    await expect(collectStatistics(graph, data.train, without)).rejects.toMatchObject({ code: 'E_MODEL' });
    await attempt({ images: 0 }).toMatchObject({ code: 'E_USAGE', where: 'images' });
    await attempt({ batchSize: 1.5 }).toMatchObject({ code: 'E_USAGE', where: 'batchSize' });
    await attempt({ layers: ['a', 'z'] }).toThrow("layers: expected names of layers that can be compressed, found 'z'");
    await attempt({}, data.test).toMatchObject({ code: 'E_DATA', message: 'split: expected images, found none' });
    const grey = synthetic({ channels: 1, height: 9, width: 9, train: 4, test: 0 });
    await attempt({}, grey.train).toThrow("graph 'odd': expected 3 channels for this model, found 1");
    const more = synthetic({ classes: 6, height: 9, width: 9, train: 12, test: 0 });
    await attempt({ labels: 'data' }, more.train).toThrow('expected at least 6 classes for these labels, found 5');
  });
});
