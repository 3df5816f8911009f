/** Gradients through whole networks in ONNX Runtime: a symbolic batch at two sizes, and a random mask. */

import { expect, it } from 'vitest';
import { differentiate } from '../../src/autodiff/differentiate.ts';
import { f32, Graph, i64, int, ints, Random, type Tensor, toNumbers, type Value, verify } from '../../src/ir/index.ts';
import { Builder, canonicalOpset } from '../../src/ops/index.ts';
import { evaluateNode } from '../../src/ops/reference.ts';
import { expectClose, randomTensor, runInOrt } from './check-gradient.ts';

const classes = 4;
const shapes = { conv: [6, 3, 3, 3], depthwise: [6, 1, 3, 3], bias: [6], fc: [classes, 6 * 4], fcBias: [classes] };

/** conv, relu, depthwise conv, clip, max pool, fully connected, softmax cross-entropy. */
function network() {
  const graph = new Graph('net', canonicalOpset);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 8, 8]);
  const labels = graph.input('labels', 'int64', ['N', 1]);
  const parameters = Object.entries(shapes).map(([name, shape]) => graph.input(name, 'float32', shape));
  const [conv, depthwise, bias, fc, fcBias] = parameters as [Value, Value, Value, Value, Value];
  const padded = { pads: ints([1, 1, 1, 1]) };
  const y = b.relu(b.op('Conv', [x, conv], { ...padded, strides: ints([2, 2]) }));
  const z = b.op('Clip', [b.op('Conv', [y, depthwise, bias], { ...padded, group: int(6) }), b.scalar(-1), b.scalar(1)]);
  const pooled = b.op('MaxPool', [z], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const logits = b.gemm(b.op('Flatten', [pooled]), fc, { c: fcBias, transB: true });
  const picked = b.op('GatherElements', [b.op('LogSoftmax', [logits]), labels], { axis: int(1) });
  const loss = b.neg(b.reduce('ReduceMean', picked, undefined, false));
  return { graph, loss, parameters };
}

/** The loss in float64, node by node. */
function evaluateLoss(graph: Graph, loss: Value, feeds: Readonly<Record<string, Tensor>>): number {
  const known = new Map<Value, Tensor>();
  const precise = (t: Tensor): Tensor =>
    t.dtype === 'float32' ? { ...t, dtype: 'float64', data: Float64Array.from(toNumbers(t)) } : t;
  const read = (v: Value) => known.get(v) ?? precise(v.constant ?? feeds[v.name]!);
  for (const node of graph.nodes) {
    const results = evaluateNode(
      node,
      node.inputs.map((v) => v && read(v)),
    );
    for (const [i, y] of node.outputs.entries()) if (y) known.set(y, results[i]!);
    if (known.has(loss)) break;
  }
  return toNumbers(known.get(loss)!)[0]!;
}

it.each([1, 5])('differentiates a network with a symbolic batch, run at batch %i', async (batch) => {
  const { graph, loss, parameters } = network();
  const forward = graph.clone();
  const gradients = differentiate(graph, loss, parameters);
  graph.outputs = [loss, ...gradients.values()];
  verify(graph);
  const random = new Random(7);
  const feeds: Record<string, Tensor> = {
    x: randomTensor(random, [batch, 3, 8, 8]),
    labels: i64(
      Array.from({ length: batch }, () => random.int(classes)),
      [batch, 1],
    ),
  };
  for (const p of parameters) feeds[p.name] = randomTensor(random, p.dims, [-0.6, 0.6]);
  const results = await runInOrt(graph, feeds);
  const reference = evaluateLoss(forward, forward.value(loss.name), feeds);
  expectClose(results.get(loss.name)!.data, [reference], 1e-5, 'loss');

  // along one random direction per parameter: gradient . d against (loss(p + h d) - loss(p - h d)) / 2h
  for (const p of parameters) {
    const direction = toNumbers(randomTensor(random, p.dims));
    const values = toNumbers(feeds[p.name]!);
    const at = (h: number) => {
      const moved = Float64Array.from(values, (v, i) => v + h * direction[i]!);
      const tensor: Tensor = { dtype: 'float64', dims: p.dims, data: moved };
      return evaluateLoss(forward, forward.value(loss.name), { ...feeds, [p.name]: tensor });
    };
    const slope = (at(1e-6) - at(-1e-6)) / 2e-6;
    const gradient = results.get(gradients.get(p)!.name)!;
    expect(gradient.dims).toEqual(p.dims);
    const product = gradient.data.reduce((s, g, i) => s + g * direction[i]!, 0);
    expectClose([product], [slope], 1e-4, `slope along ${p.name}`);
  }
});

it('drops the gradient where training dropped the value', async () => {
  const graph = new Graph('dropout', canonicalOpset);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', [200]);
  const training = b.constant('training', { dtype: 'bool', dims: [], data: Uint8Array.of(1) });
  const y = b.node('Dropout', [x, b.scalar(0.25), training], {}, 2).output();
  const gradients = differentiate(graph, b.reduce('ReduceSum', y, undefined, false), [x]);
  graph.outputs = [y, gradients.get(x)!];
  const results = await runInOrt(verify(graph), { x: f32([200], Array<number>(200).fill(3)) });
  const [value, gradient] = [...results.values()].map((r) => r.data) as [number[], number[]];
  expectClose(
    gradient.map((g) => g * 3),
    value,
    1e-5,
    'gradient times x',
  );
  expect(new Set(value.map((v) => Math.round(v * 100)))).toEqual(new Set([0, 400]));
});
