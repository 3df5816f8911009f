/**
 * onnxruntime-web (wasm SIMD, one thread) as a contestant. A run has `productsPerRun` products of the same activations
 * with constant weights and returns one element of each result, so that its time is that of the products. Weights may be
 * on either side of a MatMul: both are tried, and each round counts the faster one.
 */

import * as ort from 'onnxruntime-web';
import { type DType, f32, Graph, i64, int, ints, Random, type Tensor, type Value } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import type { Contestant } from './measure.ts';
import { type DepthwiseTask, type ProductTask, productsPerRun } from './tasks.ts';

export const peerVersion = ort.env.versions.web ?? 'unknown';

export type PeerType = 'float32' | 'int8';

function noise(type: PeerType | 'uint8', dims: readonly number[], random: Random): Tensor {
  const length = dims.reduce((a, b) => a * b, 1);
  if (type === 'float32')
    return f32(
      dims,
      Float32Array.from({ length }, () => random.float() - 0.5),
    );
  if (type === 'uint8') return { dtype: type, dims, data: Uint8Array.from({ length }, () => random.int(256)) };
  return { dtype: type, dims, data: Int8Array.from({ length }, () => random.int(255) - 127) };
}

/** The first element of a tensor as an output of the graph. */
function outputFirst(graph: Graph, value: Value, rank: number): void {
  const bounds = [0, 1].map((at) => graph.initializer('bound', i64(Array.from({ length: rank }, () => at))));
  graph.outputs.push(graph.add('Slice', [value, ...bounds], {}, { name: 'first' }).output());
}

async function contestant(name: string, graph: Graph, x: Tensor): Promise<Contestant> {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(writeModel(graph), { executionProviders: ['wasm'] });
  const data = x.data as Float32Array | Uint8Array;
  const feeds = { x: new ort.Tensor(x.dtype as 'float32', data as Float32Array, x.dims) };
  return {
    name,
    run: async () => void (await session.run(feeds)),
    close: () => session.release(),
  };
}

function declare(name: string, dtype: DType, dims: readonly number[]): readonly [Graph, Value] {
  const graph = new Graph(name, 17);
  return [graph, graph.input('x', dtype, dims)];
}

/** MatMul of float32, or MatMulInteger of uint8 activations and int8 weights; `side`: where the weights are. */
async function product(task: ProductTask, type: PeerType, side: 'left' | 'right'): Promise<Contestant> {
  const random = new Random(1);
  const { rows, columns, pixels } = task;
  const isLeft = side === 'left';
  const activations = type === 'int8' ? 'uint8' : type;
  const xDims = isLeft ? [columns, pixels] : [pixels, columns];
  const [graph, x] = declare('product', activations, xDims);
  for (let i = 0; i < productsPerRun; i++) {
    const w = graph.initializer('w', noise(type, isLeft ? [rows, columns] : [columns, rows], random));
    const op = type === 'int8' ? 'MatMulInteger' : 'MatMul';
    outputFirst(graph, graph.add(op, isLeft ? [w, x] : [x, w]).output(), 2);
  }
  return contestant(
    `onnxruntime-web ${type === 'int8' ? 'MatMulInteger' : 'MatMul'}`,
    graph,
    noise(activations, xDims, random),
  );
}

export async function productPeers(task: ProductTask, type: PeerType): Promise<Contestant[]> {
  return [await product(task, type, 'right'), await product(task, type, 'left')];
}

/** Conv of float32 with as many groups as channels. */
export async function depthwisePeer(task: DepthwiseTask): Promise<Contestant> {
  const { channels, size, stride } = task;
  const random = new Random(1);
  const dims = [1, channels, size, size];
  const [graph, x] = declare('depthwise', 'float32', dims);
  const w = graph.initializer('w', noise('float32', [channels, 1, 3, 3], random));
  const attributes = { group: int(channels), pads: ints([1, 1, 1, 1]), strides: ints([stride, stride]) };
  outputFirst(graph, graph.add('Conv', [x, w], attributes).output(), 4);
  return contestant('onnxruntime-web Conv', graph, noise('float32', dims, random));
}
