/**
 * One operator, checked in one line: its value in ONNX Runtime against the reference semantics, and its gradient, as
 * `differentiate` emits it and ONNX Runtime runs it in float32, against central differences of the reference in float64.
 * The differentiated function is the sum of the outputs, weighted at random. (The idea is tinygrad's test helper and
 * ONNX Runtime's gradient checker.)
 */

import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { differentiate } from '../../src/autodiff/differentiate.ts';
import {
  type Attributes,
  elementCount,
  f32,
  Graph,
  type Node,
  printType,
  Random,
  type Tensor,
  toNumbers,
  type Value,
  verify,
} from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { Builder, canonicalOpset } from '../../src/ops/index.ts';
import { evaluateNode } from '../../src/ops/reference.ts';
import { removeDead } from '../../src/passes/remove-dead.ts';

export interface GradientCase {
  readonly op: string;
  /** Per input: the shape of a random float32 tensor to differentiate by, a constant, or undefined when omitted. */
  readonly inputs: readonly (readonly number[] | Tensor | undefined)[];
  readonly attributes?: Attributes;
  /** Number of outputs of the node. */
  readonly outputs?: number;
  /** Outputs that are summed up; 0 alone by default. */
  readonly summed?: readonly number[];
  /** Inputs whose first dimension is the symbolic 'N' in the graph; ONNX Runtime runs it at the given size. */
  readonly batched?: readonly number[];
  /** Elements of input 0, where they matter. */
  readonly at?: readonly number[];
  /** Bounds of uniform random inputs; a normal distribution by default. */
  readonly between?: readonly [number, number];
  /** False for a node that ONNX Runtime cannot run forward: then only its gradient runs there. */
  readonly forward?: boolean;
  /** Largest difference, relative to the largest element of the tensor. */
  readonly tolerance?: number;
}

type Feeds = ReadonlyMap<Value, Tensor>;

/** Runs `graph` in ONNX Runtime on the CPU; outputs by name. */
export async function runInOrt(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Map<string, { dims: readonly number[]; data: number[] }>> {
  const session = await ort.InferenceSession.create(writeModel(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const tensors = Object.entries(feeds).map(
    ([name, t]) => [name, new ort.Tensor(t.dtype as 'float32', t.data as Float32Array, t.dims)] as const,
  );
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  const plain = (t: ort.Tensor) => ({ dims: t.dims, data: Array.from(t.data as Float32Array, Number) });
  return new Map(Object.entries(results).map(([name, tensor]) => [name, plain(tensor)]));
}

export async function checkGradient(spec: GradientCase): Promise<void> {
  const random = new Random(1, spec.op, JSON.stringify(spec.attributes ?? {}), spec.inputs.length);
  const graph = new Graph('gradient_check', canonicalOpset);
  const b = new Builder(graph);
  const feeds = new Map<Value, Tensor>();
  const inputs = spec.inputs.map((input, i) => {
    if (!input) return undefined;
    if ('dtype' in input) return graph.initializer(`c${i}`, input);
    const value = graph.input(`x${i}`, 'float32', spec.batched?.includes(i) ? ['N', ...input.slice(1)] : input);
    feeds.set(value, i === 0 && spec.at ? f32(input, spec.at) : randomTensor(random, input, spec.between));
    return value;
  });
  const node = b.node(spec.op, inputs, spec.attributes, spec.outputs ?? 1, 'node');
  const reference = evaluateNode(
    node,
    node.inputs.map((v) => v && (feeds.get(v) ?? v.constant)),
  );
  const weights = new Map((spec.summed ?? [0]).map((i) => [i, randomTensor(random, reference[i]!.dims)]));
  const given = new Map([...feeds].map(([value, tensor]) => [value.name, tensor]));
  const terms = [...weights].map(([i, weight]) => {
    const y = node.output(i).dtype === 'float32' ? node.output(i) : b.cast(node.output(i), 'float32');
    const factor = graph.input(`weight${i}`, 'float32', y.shape);
    given.set(factor.name, weight);
    return b.reduce('ReduceSum', b.mul(y, factor), undefined, false);
  });
  const wrt = [...feeds.keys()];
  const gradients = differentiate(graph, terms.length > 1 ? b.op('Sum', terms) : terms[0]!, wrt);
  const forward = spec.forward === false ? [] : node.outputs.filter((y) => y !== undefined);
  graph.outputs = [...forward, ...gradients.values()];
  const runnable = verify(graph).clone();
  removeDead(runnable);

  const results = await runInOrt(runnable, Object.fromEntries(given));
  const tolerance = spec.tolerance ?? 1e-4;
  for (const [i, y] of forward.entries()) {
    const { dims, data } = results.get(y.name)!;
    expect(dims, `shape of output ${i}`).toEqual(reference[i]!.dims);
    expectClose(data, toNumbers(reference[i]!), tolerance, `output ${i}`);
  }
  for (const x of wrt) {
    const gradient = gradients.get(x);
    expect(gradient, `gradient of ${x.name}`).toBeDefined();
    expect(printType(gradient!.type), `type of the gradient of ${x.name}`).toBe(printType(x.type));
    const { dims, data } = results.get(gradient!.name)!;
    expect(dims, `shape of the gradient of ${x.name}`).toEqual(feeds.get(x)!.dims);
    expectClose(data, centralDifferences(node, feeds, x, weights), tolerance, `gradient of ${x.name}`);
  }
}

export function randomTensor(random: Random, dims: readonly number[], between?: readonly [number, number]): Tensor {
  const sample = () => (between ? between[0] + (between[1] - between[0]) * random.float() : random.normal());
  return f32(dims, Array.from({ length: elementCount(dims) }, sample));
}

export function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number, what: string) {
  expect(actual.length, `elements of ${what}`).toBe(expected.length);
  const bound = tolerance * Math.max(1, ...expected.map(Math.abs));
  const worst = Math.max(0, ...actual.map((v, i) => Math.abs(v - expected[i]!)));
  const message = `${what}: expected [${expected.join(', ')}], found [${actual.join(', ')}]`;
  expect(worst <= bound, message.slice(0, 2000)).toBe(true);
}

/** d/dx of the weighted sum of outputs, one element of x after the other. */
function centralDifferences(node: Node, feeds: Feeds, x: Value, weights: ReadonlyMap<number, Tensor>): number[] {
  const factors = [...weights].map(([i, weight]) => ({ i, w: toNumbers(weight) }));
  const step = 1e-5;
  const precise = new Map([...feeds].map(([value, tensor]) => [value, toFloat64(tensor)]));
  const operands = node.inputs.map((v) => v && (precise.get(v) ?? toFloat64(v.constant!)));
  const sum = () => {
    const y = evaluateNode(node, operands);
    return factors.reduce((s, { i, w }) => s + toNumbers(y[i]!).reduce((t, v, j) => t + v * w[j]!, 0), 0);
  };
  const data = precise.get(x)!.data as Float64Array;
  return Array.from(data, (kept, i) => {
    data[i] = kept + step;
    const above = sum();
    data[i] = kept - step;
    const below = sum();
    data[i] = kept;
    return (above - below) / (2 * step);
  });
}

const toFloat64 = (tensor: Tensor): Tensor =>
  tensor.dtype === 'float32' ? { ...tensor, dtype: 'float64', data: Float64Array.from(toNumbers(tensor)) } : tensor;
