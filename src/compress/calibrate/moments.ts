/**
 * First and second moments of what a layer reads in the compressed network, x, and of what it gives in the original one,
 * y, over all images and positions. A convolution's windows are taken apart, so that the layer is y = W x + b with x in the
 * order of a filter's weights. Sums are kept for two halves of the images, for cross-validation.
 */

import { elementCount, Graph, type Node, type Tensor, type Value } from '../../ir/index.ts';
import { Builder } from '../../ops/index.ts';
import type { Layer } from '../../quantize/index.ts';
import { emitColumns, emitOutputColumns, emitProductSums, positionsOf } from '../statistics/inputs.ts';
import { covarianceOf } from '../statistics/pooled.ts';
import { runChunks, type Stream, type StreamOptions } from './stream.ts';

/** Centred moments of `filters` outputs and the `inputs` numbers that they are computed from. */
export interface Moments {
  readonly filters: number;
  readonly inputs: number;
  /** E[x], [inputs]. */
  readonly xMean: Float64Array;
  /** E[y], [filters]. */
  readonly yMean: Float64Array;
  /** Cov[x], [inputs, inputs]. */
  readonly covariance: Float64Array;
  /** Cov[y, x], [filters, inputs]. */
  readonly cross: Float64Array;
  /** Var[y], [filters]. */
  readonly variance: Float64Array;
}

/** Moments of all images and of each half of them. */
export interface Evidence {
  readonly all: Moments;
  readonly halves: readonly [Moments, Moments];
}

const keys = ['products', 'cross', 'squares', 'xSum', 'ySum'] as const;
type Key = (typeof keys)[number];
type Sums = Record<Key, Float64Array>;

/** What a chunk adds to the sums, by output name. Of a depthwise layer, products are per channel. */
function sumsGraph(layer: Layer, rows: number): Graph {
  const graph = new Graph(`moments of ${layer.name}`, layer.node.graph.opset);
  const b = new Builder(graph);
  const shape = [rows, ...layer.node.input(0).shape.slice(1)];
  const [x, original] = [graph.input('x', 'float32', shape), graph.input('original', 'float32', shape)];
  const weight = graph.initializer('weight', layer.weight.constant!);
  const bias = layer.node.inputs[2]?.constant;
  const terms = bias ? [weight, graph.initializer('bias', bias)] : [weight];
  const y = b.op(layer.node.op, [original, ...terms], layer.node.attributes, 'y');
  const reader = b.node(layer.node.op, [x, ...terms], layer.node.attributes, 1, 'reader');
  const isDepthwise = layer.kind === 'depthwise';
  const read: Layer = { ...layer, node: reader, inputs: isDepthwise ? layer.filters : layer.inputs };
  const columns = emitColumns(b, read, rows);
  const outputs = emitOutputColumns(b, read, y, rows);
  graph.remove(reader);

  const along = (values: Value) => b.transpose(values, [1, 0, 2]);
  const ySums = { squares: b.reduce('ReduceSumSquare', outputs, [0, 2], false), ySum: b.reduceSum(outputs, [0, 2]) };
  const shared = (): Record<Key, Value> => {
    const [x, y] = [columns, outputs].map((v) => b.reshape(along(v), [v.dims[1]!, -1])) as [Value, Value];
    const [products, cross] = [b.gemm(x, x, { transB: true }), b.gemm(y, x, { transB: true })];
    return { products, cross, xSum: b.reduceSum(x, [1]), ...ySums };
  };
  const perChannel = (): Record<Key, Value> => {
    const [taps, positions] = [layer.kernel[0] * layer.kernel[1], columns.dims[2]!];
    const apart = b.transpose(b.reshape(columns, [rows, layer.filters, taps, positions]), [1, 2, 0, 3]);
    const x = b.reshape(apart, [layer.filters, taps, -1]);
    const turned = b.transpose(x, [0, 2, 1]);
    const cross = b.matmul(b.reshape(along(outputs), [layer.filters, 1, -1]), turned);
    return { products: b.matmul(x, turned), cross, xSum: b.reduceSum(x, [2]), ...ySums };
  };
  const named = isDepthwise ? perChannel() : shared();
  for (const key of keys) {
    graph.outputs.push(named[key]);
    graph.rename(named[key], key);
  }
  return graph;
}

/** Sums of both halves: even and odd chunks. */
async function gather(
  layer: Layer,
  original: Stream,
  compressed: Stream,
  options: StreamOptions,
): Promise<{ readonly halves: readonly [Sums, Sums]; readonly count: number }> {
  const { name } = layer.node.input(0);
  const rows = original.read(0, name).dims[0]!;
  const graph = sumsGraph(layer, rows);
  const empty = () =>
    Object.fromEntries(graph.outputs.map((o) => [o.name, new Float64Array(o.dims.reduce((n, d) => n * d, 1))])) as Sums;
  const halves = [empty(), empty()] as const;
  const feed = (chunk: number, input: string) => (input === 'x' ? compressed : original).read(chunk, name);
  const receive = (chunk: number, outputs: Record<string, Tensor>) => {
    for (const key of keys) {
      const [sum, added] = [halves[chunk % 2]![key], outputs[key]!.data as Float32Array];
      for (let i = 0; i < sum.length; i++) sum[i]! += added[i]!;
    }
  };
  await runChunks(graph, original.chunks, feed, receive, options);
  return { halves, count: rows * positionsOf(layer, rows) };
}

/** The centred moments that sums over `count` vectors amount to. */
function centre(sums: Sums, count: number, filters: number, inputs: number): Moments {
  const xMean = sums.xSum.map((v) => v / count);
  const yMean = sums.ySum.map((v) => v / count);
  const covariance = covarianceOf(sums.xSum, sums.products, count);
  const cross = sums.cross.map((v, at) => v / count - yMean[Math.floor(at / inputs)]! * xMean[at % inputs]!);
  const variance = sums.squares.map((v, i) => Math.max(0, v / count - yMean[i]! ** 2));
  return { filters, inputs, xMean, yMean, covariance, cross, variance };
}

const add = (a: Sums, b: Sums) =>
  Object.fromEntries(keys.map((key) => [key, a[key].map((v, i) => v + b[key][i]!)])) as Sums;

/** One channel's part of a depthwise layer's sums. */
function channelOf(sums: Sums, channel: number, taps: number): Sums {
  const part = (key: Key, size: number) => sums[key].slice(channel * size, (channel + 1) * size);
  return {
    products: part('products', taps * taps),
    cross: part('cross', taps),
    squares: part('squares', 1),
    xSum: part('xSum', taps),
    ySum: part('ySum', 1),
  };
}

/**
 * Moments of `layer`, which is the original network's, on the inputs that both streams have ready: one set for all filters,
 * or one per channel of a depthwise layer. There have to be at least two chunks.
 */
export async function measureMoments(
  layer: Layer,
  original: Stream,
  compressed: Stream,
  options: StreamOptions,
): Promise<Evidence[]> {
  const { halves, count } = await gather(layer, original, compressed, options);
  const taps = layer.kernel[0] * layer.kernel[1];
  const isDepthwise = layer.kind === 'depthwise';
  const [filters, inputs] = isDepthwise ? [1, taps] : [layer.filters, layer.inputs * taps];
  const chunks = [Math.ceil(original.chunks / 2), Math.floor(original.chunks / 2)] as const;
  return Array.from({ length: isDepthwise ? layer.filters : 1 }, (_, channel) => {
    const [even, odd] = halves.map((h) => (isDepthwise ? channelOf(h, channel, taps) : h)) as [Sums, Sums];
    return {
      all: centre(add(even, odd), count * original.chunks, filters, inputs),
      halves: [centre(even, count * chunks[0], filters, inputs), centre(odd, count * chunks[1], filters, inputs)],
    };
  });
}

/** The covariance, over images and positions, of what a global pool averages in `stream`, which has it ready. */
export async function measurePooled(pool: Node, stream: Stream, options: StreamOptions): Promise<Float64Array> {
  const { name, dims } = pool.input(0);
  const graph = new Graph(`what ${pool.name} averages`, pool.graph.opset);
  const b = new Builder(graph);
  const map = graph.input('map', 'float32', dims);
  const { sum, squares } = emitProductSums(b, b.reshape(map, [dims[0]!, dims[1]!, -1]));
  graph.outputs = [sum, squares];
  const [sums, products] = graph.outputs.map(({ dims }) => new Float64Array(elementCount(dims)));
  const receive = (_: number, outputs: Record<string, Tensor>) => {
    for (const [total, value] of [
      [sums!, sum],
      [products!, squares],
    ] as const) {
      const added = outputs[value.name]!.data as Float32Array;
      for (let i = 0; i < total.length; i++) total[i]! += added[i]!;
    }
  };
  await runChunks(graph, stream.chunks, (chunk) => stream.read(chunk, name), receive, options);
  return covarianceOf(sums!, products!, stream.chunks * dims[0]! * elementCount(dims.slice(2)));
}
