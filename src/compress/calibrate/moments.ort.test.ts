import { describe, expect, it } from 'vitest';
import { f32, Graph, int, ints, type Tensor } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import { findLayers } from '../../quantize/index.ts';
import { measureMoments, measurePooled } from './moments.ts';
import { Stream } from './stream.ts';

const options = { threads: 1 };

/** A network of one convolution `conv` with a bias, whose output something still reads. */
function convolution(dims: readonly number[], weight: Tensor, bias: readonly number[]): Graph {
  const graph = new Graph('one layer');
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', dims);
  const [, , ...kernel] = weight.dims;
  const attributes = { kernel_shape: ints(kernel), group: int(dims[1]! / weight.dims[1]!) };
  const terms = [b.constant('weight', weight), b.constant('bias', f32([bias.length], bias))];
  // the output is rectified, so that the layer is not taken for a classifier
  graph.outputs = [b.relu(b.op('Conv', [x, ...terms], attributes, 'conv'))];
  return graph;
}

const streamOf = (graph: Graph, chunks: readonly (readonly number[])[]) =>
  Stream.start(
    graph,
    chunks.map((values) => f32(graph.inputs[0]!.dims, values)),
    options,
  );

const plain = (moments: object) =>
  Object.fromEntries(Object.entries(moments).map(([k, v]) => [k, v.length ? [...v] : v]));

describe('measureMoments', () => {
  it('takes x from the compressed network and y from the original one', async () => {
    // y = 2 x + 1
    const graph = convolution([1, 1, 1, 2], f32([1, 1, 1, 1], [2]), [1]);
    const layer = findLayers(graph)[0]!;
    // y: 3, 7, 11, 15
    const original = streamOf(graph, [
      [1, 3],
      [5, 7],
    ]);
    const compressed = streamOf(graph.clone(), [
      [1, 1],
      [2, 4],
    ]);
    const [evidence] = await measureMoments(layer, original, compressed, options);
    const sizes = { filters: 1, inputs: 1 };
    // E[x x] = 22/4, E[x y] = (3 + 7 + 22 + 60)/4, E[y y] = (9 + 49 + 121 + 225)/4
    const all = { xMean: [2], yMean: [9], covariance: [5.5 - 4], cross: [23 - 18], variance: [101 - 81] };
    expect(plain(evidence!.all)).toEqual({ ...sizes, ...all });
    const even = { xMean: [1], yMean: [5], covariance: [0], cross: [0], variance: [29 - 25] };
    expect(plain(evidence!.halves[0])).toEqual({ ...sizes, ...even });
    // E[x x] = 20/2, E[x y] = 82/2, E[y y] = 346/2
    const odd = { xMean: [3], yMean: [13], covariance: [10 - 9], cross: [41 - 39], variance: [173 - 169] };
    expect(plain(evidence!.halves[1])).toEqual({ ...sizes, ...odd });
  });

  it('takes the channels of a depthwise layer one by one', async () => {
    const graph = convolution([1, 2, 1, 3], f32([2, 1, 1, 2], [1, 1, 2, 0]), [0, 0]);
    const layer = findLayers(graph)[0]!;
    expect(layer.kind).toBe('depthwise');
    const image = [1, 2, 3, 0, 1, 0];
    const stream = streamOf(graph, [image, image]);
    const found = await measureMoments(layer, stream, stream, options);
    const sizes = { filters: 1, inputs: 2 };
    expect(found.map(({ all }) => plain(all))).toEqual([
      // taps [1, 2] and [2, 3]; y = [3, 5]
      {
        ...sizes,
        xMean: [1.5, 2.5],
        yMean: [4],
        covariance: [0.25, 0.25, 0.25, 0.25],
        cross: [0.5, 0.5],
        variance: [1],
      },
      // taps [0, 1] and [1, 0]; y = [0, 2]
      {
        ...sizes,
        xMean: [0.5, 0.5],
        yMean: [1],
        covariance: [0.25, -0.25, -0.25, 0.25],
        cross: [0.5, -0.5],
        variance: [1],
      },
    ]);
  });
});

describe('measurePooled', () => {
  it('is over positions and images, before the pool', async () => {
    const graph = new Graph('pooled');
    const b = new Builder(graph);
    const x = graph.input('x', 'float32', [1, 2, 1, 2]);
    graph.outputs = [b.op('GlobalAveragePool', [b.relu(x)], {}, 'pool')];
    const pool = graph.nodes.find(({ name }) => name === 'pool')!;
    // (0, 1), (2, 3), (4, 1), (6, 7)
    const stream = streamOf(graph, [
      [-1, 2, 1, 3],
      [4, 6, 1, 7],
    ]);
    await stream.runBefore(pool);
    // means 3 and 3; E[x x'] = 56/4, 52/4, 60/4
    expect([...(await measurePooled(pool, stream, options))]).toEqual([14 - 9, 13 - 9, 13 - 9, 15 - 9]);
  });
});

describe('Stream', () => {
  /** d = relu(a - a) of a = relu(x). */
  function branches(): Graph {
    const graph = new Graph('branches');
    const b = new Builder(graph);
    const a = b.op('Relu', [graph.input('x', 'float32', [2])], {}, 'a');
    const c = b.op('Add', [a, b.op('Neg', [a], {}, 'b')], {}, 'c');
    graph.outputs = [b.op('Relu', [c], {}, 'd')];
    return graph;
  }
  const node = (graph: Graph, name: string) => graph.nodes.find((n) => n.name === name)!;

  it('holds what is still to be read, and nothing else', async () => {
    const graph = branches();
    const stream = streamOf(graph, [[1, -2]]);
    await stream.runBefore(node(graph, 'c'));
    expect(stream.read(0, 'a').data).toEqual(Float32Array.of(1, 0));
    expect(stream.read(0, 'b').data).toEqual(Float32Array.of(-1, -0));
    expect(() => stream.read(0, 'x')).toThrow("internal: 'x' is not live");
    await stream.runBefore(node(graph, 'd'));
    expect(stream.read(0, 'c').data).toEqual(Float32Array.of(0, 0));
    expect(() => stream.read(0, 'a')).toThrow('not live');
  });

  it('forks', async () => {
    const graph = branches();
    const stream = streamOf(graph, [[1, -2]]);
    await stream.runBefore(node(graph, 'b'));
    const copy = graph.clone();
    const other = stream.fork(copy);
    await stream.runBefore(node(graph, 'd'));
    expect(other.read(0, 'a').data).toEqual(Float32Array.of(1, 0));
    await other.runBefore(node(copy, 'd'));
    expect(other.read(0, 'c').data).toEqual(Float32Array.of(0, 0));
  });
});
