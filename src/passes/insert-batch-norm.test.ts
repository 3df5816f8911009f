import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { f32, Graph, int, ints, printGraph, type Tensor, type Value, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { insertBatchNorm, normalise } from './insert-batch-norm.ts';

const feeds = { x: normal(1, [2, 3, 4, 4]) };

/** A convolution of `x` with `filters` filters, with or without a bias. */
function conv(b: Builder, x: Value, name: string, filters: number, bias = true): Value {
  const inputs = [x, b.constant(`${name}_weight`, normal(2, [filters, x.shape[1] as number, 1, 1], name))];
  if (bias) inputs.push(b.constant(`${name}_bias`, normal(3, [filters], name)));
  return b.op('Conv', inputs, {}, name);
}

/** `build` between the input `x` and a classifier. */
function network(build: (b: Builder, x: Value) => Value): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const y = build(b, graph.input('x', 'float32', ['N', 3, 4, 4]));
  const pooled = b.op('GlobalAveragePool', [y], {}, 'pool');
  graph.outputs = [b.op('Flatten', [conv(b, pooled, 'head', 2)], {}, 'logits')];
  return graph;
}

/** Inserts, checks that nothing else changed, and returns the graph's operators with the inserted names. */
function inserted(build: (b: Builder, x: Value) => Value, form: 'batch-norm' | 'scale' = 'batch-norm') {
  const before = network(build);
  const graph = network(build);
  const names = insertBatchNorm(graph, { form });
  verify(graph);
  expect(relativeError(evaluate(graph, feeds), evaluate(before, feeds))).toBeLessThan(1e-6);
  return { graph, names, ops: graph.nodes.map((n) => n.op) };
}

const values = (graph: Graph, name: string) => [...(graph.value(name).constant!.data as Float32Array)];
const perChannel = (b: Builder, name: string, numbers: number[]) =>
  b.constant(name, f32([1, numbers.length, 1, 1], numbers));

it('puts a batch norm behind each convolution but the classifier, and takes over its bias', () => {
  const { graph, names } = inserted((b, x) => {
    const y = b.op('Clip', [conv(b, x, 'first', 4), b.scalar(0), b.scalar(6)], {}, 'relu6');
    const weight = b.constant('dw_weight', normal(4, [4, 1, 3, 3]));
    const dw = b.op('Conv', [y, weight], { group: int(4), pads: ints([1, 1, 1, 1]) }, 'dw');
    return b.relu(dw);
  });
  expect(names).toEqual(['first_bn', 'dw_bn']);
  expect(printGraph(graph).replaceAll(/ \{.*\}/g, '')).toBe(`graph net (opset 20)
  input x: float32[N, 3, 4, 4]
  const first_weight: float32[4, 3, 1, 1]
  const scalar_0: float32[] 0
  const scalar_6: float32[] 6
  const dw_weight: float32[4, 1, 3, 3]
  const head_weight: float32[2, 4, 1, 1]
  const head_bias: float32[2]
  const first_bn_scale: float32[4]
  const first_bn_shift: float32[4]
  const first_bn_mean: float32[4]
  const first_bn_variance: float32[4]
  const dw_bn_scale: float32[4]
  const dw_bn_shift: float32[4]
  const dw_bn_mean: float32[4]
  const dw_bn_variance: float32[4]
  first: float32[N, 4, 4, 4] = Conv(x, first_weight)
  first_bn: float32[N, 4, 4, 4] = BatchNormalization(first, first_bn_scale, first_bn_shift, first_bn_mean, first_bn_variance)
  relu6: float32[N, 4, 4, 4] = Clip(first_bn, scalar_0, scalar_6)
  dw: float32[N, 4, 4, 4] = Conv(relu6, dw_weight)
  dw_bn: float32[N, 4, 4, 4] = BatchNormalization(dw, dw_bn_scale, dw_bn_shift, dw_bn_mean, dw_bn_variance)
  relu: float32[N, 4, 4, 4] = Relu(dw_bn)
  pool: float32[N, 4, 1, 1] = GlobalAveragePool(relu)
  head: float32[N, 2, 1, 1] = Conv(pool, head_weight, head_bias)
  logits: float32[N, 2] = Flatten(head)
  output logits
`);
  const root = Math.fround(Math.sqrt(1 + 1e-5));
  expect(values(graph, 'first_bn_scale')).toEqual([root, root, root, root]);
  expect(values(graph, 'first_bn_shift')).toEqual([...normal(3, [4], 'first').data]);
});

it('takes products and sums behind the convolution along: 2 (x + b) + 1', () => {
  const { graph, ops } = inserted((b, x) => {
    const y = b.mul(conv(b, x, 'c', 2), perChannel(b, 'two', [2, -3]));
    return b.relu(b.add(b.reshape(b.constant('one', f32([2], [1, 5])), [1, 2, 1, 1]), y));
  });
  expect(ops).toEqual(['Conv', 'BatchNormalization', 'Relu', 'GlobalAveragePool', 'Conv', 'Flatten']);
  const root = Math.sqrt(1 + 1e-5);
  const bias = normal(3, [2], 'c').data;
  expect(relativeError(values(graph, 'c_bn_scale'), [2 * root, -3 * root])).toBeLessThan(1e-7);
  expect(relativeError(values(graph, 'c_bn_shift'), [2 * bias[0]! + 1, -3 * bias[1]! + 5])).toBeLessThan(1e-7);
  expect(graph.find('one')).toBeUndefined();
});

it('gives a bank one batch norm behind its Concat', () => {
  const bank = (b: Builder, x: Value) => {
    const y = b.op('Concat', [conv(b, x, 'pw_fp', 1), conv(b, x, 'pw_ternary', 2, false)], { axis: int(1) }, 'pw_bank');
    return b.relu(b.add(y, perChannel(b, 'terms', [1, 2, 3])));
  };
  const { graph, names, ops } = inserted(bank);
  expect(names).toEqual(['pw_bn']);
  expect(ops.slice(0, 5)).toEqual(['Conv', 'Conv', 'Concat', 'BatchNormalization', 'Relu']);
  expect(values(graph, 'pw_bn_shift')).toEqual([Math.fround(normal(3, [1], 'pw_fp').data[0]! + 1), 2, 3]);
  // a Concat of other things is no bank
  const other = inserted((b, x) => b.op('Concat', [conv(b, x, 'c', 1), x], { axis: int(1) }));
  expect(other.ops.slice(0, 3)).toEqual(['Conv', 'BatchNormalization', 'Concat']);
});

it('can insert a product and a sum alone, which fold away again', () => {
  const build = (b: Builder, x: Value) => b.relu(conv(b, x, 'c', 4));
  const { graph, ops, names } = inserted(build, 'scale');
  expect([ops.slice(0, 6), names]).toEqual([['Conv', 'Reshape', 'Mul', 'Reshape', 'Add', 'Relu'], ['c_bn']]);
  expect(values(graph, 'c_bn_scale')).toEqual([1, 1, 1, 1]);
  expect(graph.value('c_bn_shift').dims).toEqual([4]);
  const folded = inserted(build).graph;
  foldBatchNorm(folded);
  expect(folded.nodes.map((n) => n.op)).toEqual(['Conv', 'Relu', 'GlobalAveragePool', 'Conv', 'Flatten']);
});

describe('leaves alone', () => {
  const untouched: [string, (b: Builder, x: Value) => Value][] = [
    [
      'what has a batch norm, behind a product too',
      (b, x) => {
        const y = b.mul(conv(b, x, 'c', 2), perChannel(b, 'two', [2, 3]));
        const vectors = [5, 6, 7, 8].map((seed) =>
          b.constant(`v${seed}`, b.constant('ones', f32([2], [1, 1])).constant!),
        );
        return b.op('BatchNormalization', [y, ...vectors], {});
      },
    ],
    ['Gemms and what has one pixel', (b, x) => conv(b, b.op('GlobalAveragePool', [x]), 'c', 2)],
    ['weights that are computed', (b, x) => b.op('Conv', [x, b.mul(b.constant('w', normal(1, [2, 3, 1, 1])), 2)])],
  ];
  it.each(untouched)('%s', (_, build) => {
    const { names, ops } = inserted(build);
    expect(names).toEqual([]);
    expect(ops).toEqual(network(build).nodes.map((n) => n.op));
  });

  it('a layer that gives the output', () => {
    const graph = new Graph('dense', 20);
    const b = new Builder(graph);
    const y = conv(b, graph.input('x', 'float32', ['N', 3, 4, 4]), 'c', 2);
    graph.outputs = [b.add(y, perChannel(b, 'terms', [1, 2]))];
    expect(insertBatchNorm(graph)).toEqual([]);
    expect(graph.nodes.map((n) => n.op)).toEqual(['Conv', 'Add']);
  });
});

it('shares nothing: two layers with one bias, one layer with two readers', () => {
  const { names, ops } = inserted((b, x) => {
    const bias = b.constant('bias', f32([3], [1, 2, 3]));
    const layer = (y: Value, name: string) =>
      b.op('Conv', [y, b.constant(`${name}_weight`, normal(5, [3, 3, 1, 1], name)), bias], {}, name);
    const first = layer(x, 'a');
    return b.add(layer(b.relu(first), 'b'), first);
  });
  expect(names).toEqual(['a_bn', 'b_bn']);
  expect(ops.slice(0, 6)).toEqual(['Conv', 'BatchNormalization', 'Relu', 'Conv', 'BatchNormalization', 'Add']);
});

it('normalise moves the statistics into the scale and the shift', () => {
  const { graph } = inserted((b, x) => b.relu(conv(b, x, 'c', 2)));
  const before = evaluate(graph, feeds);
  const shift = values(graph, 'c_bn_shift');
  const node = graph.nodes.find((n) => n.name === 'c_bn')!;
  const vectors: Map<string, Tensor> = normalise(node, [3, -2], [4, 0]);
  for (const [name, tensor] of vectors) graph.value(name).constant = tensor;
  expect(relativeError(evaluate(graph, feeds), before)).toBeLessThan(1e-6);
  // slope 1: gamma = sqrt(variance + eps), beta = old beta + mean
  expect(relativeError(values(graph, 'c_bn_scale'), [Math.sqrt(4 + 1e-5), Math.sqrt(1e-5)])).toBeLessThan(1e-6);
  expect(relativeError(values(graph, 'c_bn_shift'), [shift[0]! + 3, shift[1]! - 2])).toBeLessThan(1e-6);
  expect([values(graph, 'c_bn_mean'), values(graph, 'c_bn_variance')]).toEqual([
    [3, -2],
    [4, 0],
  ]);
});
