/** The batch-last layout computes what the ordinary layout computes: outputs, gradients and batch-norm statistics. */

import { describe, expect, it } from 'vitest';
import { differentiate } from '../../src/autodiff/differentiate.ts';
import { compile } from '../../src/engine/index.ts';
import {
  elementCount,
  f32,
  type Graph,
  Graph as IrGraph,
  int,
  ints,
  Random,
  type Value,
  verify,
} from '../../src/ir/index.ts';
import { Builder } from '../../src/ops/index.ts';
import { eliminateCommon, lowerBatchNorm, lowerDepthwise, removeDead, toBatchLast } from '../../src/passes/index.ts';

interface Layer {
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  readonly depthwise?: boolean;
  readonly bias?: boolean;
  readonly pads?: readonly number[];
  /** Clip(x, 0, 1.5) instead of ReLU. */
  readonly clipped?: boolean;
  /** Adds the layer's input: every stride-th pixel, filled up with channels of zeros. */
  readonly residual?: boolean;
}

function shortcut(b: Builder, x: Value, { stride, filters }: Layer): Value {
  const end = 2 ** 31 - 1;
  const picked =
    stride === 1 ? x : b.slice(x, { starts: [0, 0], ends: [end, end], axes: [2, -1], steps: [stride, stride] });
  return b.op('Pad', [picked, b.i64([0, 0, 0, 0, 0, filters - x.dims[1]!, 0, 0])]);
}

/** Convolution, training batch norm, ReLU for each layer; loss = sum of squares of the pooled output. */
function network(
  batch: number,
  channels: number,
  size: number,
  layers: readonly Layer[],
): { graph: Graph; weights: Value[] } {
  const graph = new IrGraph('network');
  const b = new Builder(graph);
  const random = new Random(3);
  const constant = (name: string, dims: readonly number[], spread = 1, offset = 0) =>
    b.constant(
      name,
      f32(
        dims,
        Float32Array.from({ length: elementCount(dims) }, () => offset + spread * random.normal()),
      ),
    );
  let x = graph.input('x', 'float32', [batch, channels, size, size]);
  const weights: Value[] = [];
  const running: Value[] = [];
  for (const [i, layer] of layers.entries()) {
    const inputs = x.dims[1]!;
    const weight = constant(`w${i}`, [layer.filters, layer.depthwise ? 1 : inputs, layer.kernel, layer.kernel], 0.5);
    const p = layer.kernel >> 1;
    const attributes = {
      kernel_shape: ints([layer.kernel, layer.kernel]),
      strides: ints([layer.stride, layer.stride]),
      pads: ints(layer.pads ?? [p, p, p, p]),
      group: int(layer.depthwise ? inputs : 1),
    };
    const bias = layer.bias ? [constant(`bias${i}`, [layer.filters])] : [];
    const y = b.op('Conv', [x, weight, ...bias], attributes);
    const scale = constant(`scale${i}`, [layer.filters], 0.2, 1);
    const shift = constant(`shift${i}`, [layer.filters]);
    const statistics = [constant(`mean${i}`, [layer.filters]), constant(`variance${i}`, [layer.filters], 0.1, 1)];
    const bn = b.node('BatchNormalization', [y, scale, shift, ...statistics], { training_mode: int(1) }, 3);
    running.push(bn.output(1), bn.output(2));
    weights.push(weight, ...bias, scale, shift);
    const sum = layer.residual ? b.add(shortcut(b, x, layer), bn.output()) : bn.output();
    x = layer.clipped ? b.op('Clip', [sum, b.scalar(0), b.scalar(1.5)]) : b.relu(sum);
  }
  const pooled = b.op('GlobalAveragePool', [x]);
  const loss = b.reduceSum(b.op('Flatten', [b.mul(pooled, pooled)]), [0, 1]);
  graph.outputs = [loss, ...running];
  return { graph, weights };
}

async function run(lastLayout: boolean, make: () => { graph: Graph; weights: Value[] }) {
  const { graph, weights } = make();
  const input = graph.inputs[0]!;
  if (lastLayout) toBatchLast(graph);
  const gradients = differentiate(graph, graph.outputs[0]!, weights);
  graph.outputs.push(...weights.map((w) => gradients.get(w)!));
  lowerBatchNorm(graph);
  lowerDepthwise(graph);
  while (eliminateCommon(graph));
  removeDead(graph);
  verify(graph);
  const random = new Random(5);
  const data = Float32Array.from({ length: elementCount(input.dims) }, () => random.normal());
  const engine = await compile(graph);
  const result = await engine.run({ x: f32(input.dims, data) });
  await engine.release();
  return graph.outputs.map((o) => ({ name: o.name, ...result[o.name]! }));
}

async function expectSame(...network_: Parameters<typeof network>) {
  const [plain, last] = [await run(false, () => network(...network_)), await run(true, () => network(...network_))];
  expect(last.length).toBe(plain.length);
  for (const [i, reference] of plain.entries()) {
    expect(last[i]!.dims).toEqual(reference.dims);
    const [a, b] = [reference.data as Float32Array, last[i]!.data as Float32Array];
    const size = Math.sqrt(a.reduce((s, v) => s + v * v, 0) / a.length) + 1e-2;
    const error = Math.max(...a.map((v, k) => Math.abs(v - b[k]!)));
    expect(error / size, `output ${i} (${reference.name})`).toBeLessThan(2e-3);
  }
}

const pointwise = { filters: 6, kernel: 1, stride: 1 };

describe('batch-last layout', () => {
  it('3x3 convolution', () => expectSame(4, 3, 8, [{ filters: 4, kernel: 3, stride: 1 }]));
  it('3x3 convolution, stride 2, bias', () => expectSame(4, 3, 9, [{ filters: 4, kernel: 3, stride: 2, bias: true }]));
  it('asymmetric padding', () => expectSame(4, 3, 8, [{ filters: 4, kernel: 3, stride: 2, pads: [0, 0, 1, 1] }]));
  it('pointwise', () => expectSame(4, 5, 7, [pointwise, { ...pointwise, stride: 2 }]));
  it('one input channel', () => expectSame(4, 1, 8, [{ filters: 4, kernel: 3, stride: 1 }]));
  for (const size of [2, 4, 8, 9, 16, 32]) {
    for (const stride of [1, 2]) {
      it(`depthwise on ${size}x${size}, stride ${stride}`, () =>
        expectSame(3, 4, size, [{ filters: 4, kernel: 3, stride, depthwise: true }, pointwise]));
    }
  }
  it('residual connections and bounded activations', () => {
    const layer = { filters: 4, kernel: 3, stride: 1, clipped: true };
    return expectSame(4, 3, 9, [
      layer,
      { ...layer, residual: true },
      { ...layer, stride: 2, filters: 6, residual: true },
    ]);
  });
  it('keeps Add, Clip, Slice and Pad in the layout', () => {
    const layer = { filters: 4, kernel: 3, stride: 1, clipped: true };
    const { graph } = network(4, 3, 9, [layer, { ...layer, stride: 2, filters: 6, residual: true }]);
    graph.outputs.length = 1;
    toBatchLast(graph);
    const changes = graph.nodes.filter((n) => /^(1,2,3,0|3,0,1,2)$/.test(`${n.op === 'Transpose' && n.ints('perm')}`));
    // the input, and the pooled output
    expect(changes.map((n) => n.input(0).shape)).toEqual([
      [4, 3, 9, 9],
      [6, 1, 1, 4],
    ]);
  });
  it('whatever is elementwise', async () => {
    const make = () => {
      const { graph } = network(4, 3, 6, [{ filters: 4, kernel: 3, stride: 1 }]);
      const b = new Builder(graph);
      const x = graph.nodes.find((node) => node.op === 'Relu')!.output();
      const row = b.constant('row', f32([4, 1, 1], [0.3, -0.2, 0.1, 0.4]));
      const most = b.op('Max', [b.op('Elu', [b.sub(x, 0.5)]), row, b.op('PRelu', [b.sub(x, 1), row])]);
      const chosen = b.where(b.op('GreaterOrEqual', [most, row]), b.op('Round', [most]), b.op('Sum', [x, most, row]));
      graph.outputs = [b.reduceSum(b.mul(chosen, chosen), [0, 1, 2, 3]), chosen];
      return { graph, weights: [] };
    };
    const [plain, last] = [await run(false, make), await run(true, make)];
    for (const i of [0, 1]) {
      expect(last[i]!.dims).toEqual(plain[i]!.dims);
      for (const [k, v] of [...(plain[i]!.data as Float32Array)].entries()) expect(last[i]!.data[k]).toBeCloseTo(v, 2);
    }
    const { graph } = make();
    toBatchLast(graph);
    const back = graph.nodes.filter((n) => n.op === 'Transpose' && n.ints('perm').join() === '3,0,1,2');
    expect(back.map((n) => n.input(0).producer!.op)).toEqual(['Where', 'Mul']);
  });
  it('depthwise 5x5', () => expectSame(3, 4, 12, [{ filters: 4, kernel: 5, stride: 1, depthwise: true }, pointwise]));
  it('depthwise 5x5 on 28x28, many images', () =>
    expectSame(32, 4, 28, [{ filters: 4, kernel: 5, stride: 1, depthwise: true }, pointwise]));
  it('depthwise with asymmetric padding', () =>
    expectSame(3, 4, 8, [{ filters: 4, kernel: 3, stride: 2, depthwise: true, pads: [0, 0, 1, 1] }, pointwise]));
});
