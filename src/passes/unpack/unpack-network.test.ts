import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../../test/evaluate.ts';
import { quantizedModel } from '../../../test/exporters.ts';
import {
  f32,
  Graph,
  i64,
  int,
  ints,
  isTernary,
  printGraph,
  type Tensor,
  toNumbers,
  type Value,
  verify,
} from '../../ir/index.ts';
import { readModel } from '../../onnx/index.ts';
import { Builder, canonicalOpset } from '../../ops/index.ts';
import { inferShapes } from '../infer-shapes.ts';
import { activationTypeOf, unpackNetwork } from './unpack-network.ts';

const feeds = { x: normal(1, [2, 3, 4, 4]) };

function start() {
  const graph = new Graph('net', canonicalOpset);
  return { graph, b: new Builder(graph), x: graph.input('x', 'float32', ['N', 3, 4, 4]) };
}

const int8 = (dims: readonly number[], values: ArrayLike<number>): Tensor => ({
  dtype: 'int8',
  dims,
  data: Int8Array.from(values),
});
const int32 = (values: readonly number[]): Tensor => ({
  dtype: 'int32',
  dims: [values.length],
  data: Int32Array.from(values),
});

/** Levels of `step` from -`zero` `step` on: QuantizeLinear and DequantizeLinear. */
function levels(b: Builder, step: number, zero: number) {
  const constants = [
    b.constant('step', f32([], [step])),
    b.constant('zero', { dtype: 'uint8', dims: [], data: Uint8Array.of(zero) }),
  ];
  return {
    step: constants[0]!,
    round: (x: Value) => b.op('QuantizeLinear', [x, ...constants]),
    read: (q: Value) => b.op('DequantizeLinear', [q, ...constants]),
  };
}

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);

/** Unpacks, and compares what is computed before and after, relative to the largest score. */
function unpacked(graph: Graph, tolerance = 1e-6): Graph {
  const expected = evaluate(verify(graph), feeds);
  expect(unpackNetwork(graph)).toBe(true);
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(tolerance);
  expect(graph.outputs.map(({ name }) => name)).toEqual(['y']);
  return graph;
}

describe('weights', () => {
  it('leaves a float network as it is, batch norms and computed shapes included', () => {
    const { graph, b, x } = start();
    const norm = [1, 0, 0, 1].map((v, i) => b.constant(`norm_${i}`, f32([4], new Float32Array(4).fill(v))));
    const y = b.op('BatchNormalization', [b.op('Conv', [x, b.constant('w', normal(2, [4, 3, 1, 1]))]), ...norm]);
    graph.outputs = [b.op('Reshape', [y, b.concat([b.i64([-1]), b.i64([64])], 0)])];
    const before = printGraph(graph);
    expect([unpackNetwork(graph), activationTypeOf(graph)]).toEqual([false, 'float']);
    expect(printGraph(graph)).toBe(before);
  });

  it('computes what packs them', () => {
    const { graph, b, x } = start();
    const trits = ternary(2, [4, 3, 1, 1]);
    // codes 0, 1 and 2 look the trits up
    const table = b.cast(b.constant('table', int8([3, 1], [-1, 0, 1])), 'float32');
    const codes: Tensor = { dtype: 'uint8', dims: [12], data: Uint8Array.from(toNumbers(trits), (v) => v + 1) };
    const rows = b.op('Gather', [table, b.cast(b.constant('packed', codes), 'int32')]);
    const half: Tensor = { dtype: 'float16', dims: [5, 4, 1, 1], data: Uint16Array.from({ length: 20 }, () => 0x3c00) };
    const scaled = b.mul(b.cast(b.constant('filters', int8([2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])), 'float32'), 0.5);
    let y = b.op('Conv', [x, b.reshape(rows, [4, 3, 1, 1])], {}, 'a');
    y = b.op('Conv', [b.relu(y), b.cast(b.constant('half', half), 'float32')], {}, 'b');
    y = b.op('Flatten', [b.op('GlobalAveragePool', [y])]);
    graph.outputs = [b.op('Gemm', [y, scaled], { transB: int(1) }, 'y')];
    unpacked(graph);
    expect(ops(graph)).toEqual(['Conv', 'Relu', 'Conv', 'GlobalAveragePool', 'Flatten', 'Gemm']);
    const weights = graph.nodes.flatMap(({ op, inputs }) =>
      op === 'Conv' || op === 'Gemm' ? [inputs[1]!.constant!] : [],
    );
    expect(weights.map(isTernary)).toEqual([true, true, false]);
    expect(weights[0]!.data).toEqual(trits.data);
    expect(unpackNetwork(graph)).toBe(false);
  });
});

describe('ternary weights with scales', () => {
  it.each([
    ['a scale for each filter', f32([4], [0.5, 2, 3, 0.25])],
    ['one scale', f32([], [0.5])],
    ['scales of 1', f32([], [1])],
  ])('of a convolution: %s', (_, scale) => {
    const { graph, b, x } = start();
    const { step, round, read } = levels(b, 0.05, 100);
    const s = b.constant('s', scale);
    const along = (axis: number) => (scale.dims.length > 0 ? { axis: int(axis) } : {});
    const weight = b.op(
      'DequantizeLinear',
      [b.constant('t', int8([4, 3, 1, 1], ternary(3, [4, 3, 1, 1]).data)), s],
      along(0),
    );
    const bias = b.op('DequantizeLinear', [b.constant('c', int32([10, -20, 30, 0])), b.mul(s, step)], along(0));
    graph.outputs = [b.op('Conv', [read(round(x)), weight, bias], {}, 'y')];
    unpacked(graph, 0.05);
    const isOne = toNumbers(scale)[0] === 1;
    expect(ops(graph)).toEqual(isOne ? ['Conv'] : ['Conv', 'Mul']);
    expect(isTernary(graph.nodes[0]!.input(1).constant!)).toBe(true);
    if (!isOne) expect(graph.nodes[1]!.inputs.find((v) => v?.constant)!.dims).toEqual([1, 4, 1, 1]);
  });

  it.each([0, 1])('of a Gemm with transB %i, in front of an output', (transB) => {
    const { graph, b, x } = start();
    const flat = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
    const { round, read } = levels(b, 0.01, 128);
    const codes = b.constant('t', int8(transB ? [5, 3] : [3, 5], ternary(4, [5, 3]).data));
    const zeros = b.constant('z', int8([5], new Int8Array(5)));
    const scale = b.constant('s', f32([5], [1, 2, 3, 4, 5]));
    const weight = b.op('DequantizeLinear', [codes, scale, zeros], { axis: int(transB ? 0 : -1) });
    graph.outputs = [b.op('Gemm', [read(round(flat)), weight], { transB: int(transB) }, 'y')];
    unpacked(graph, 0.05);
    expect(ops(graph)).toEqual(['GlobalAveragePool', 'Flatten', 'Gemm', 'Mul']);
    expect(isTernary(graph.nodes[2]!.input(1).constant!)).toBe(true);
  });

  it('leaves other integers behind their scales: filters, zero points, scales along inputs', () => {
    for (const [values, zero, scale, axis] of [
      [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 0, [1, 2, 3, 4], 0],
      [[1, 0, -1, 1, 0, -1, 1, 0, -1, 1, 0, -1], 1, [1, 2, 3, 4], 0],
      [[1, 0, -1, 1, 0, -1, 1, 0, -1, 1, 0, -1], 0, [1, 2, 3], 1],
    ] as const) {
      const { graph, b, x } = start();
      const zeros = b.constant(
        'z',
        int8(
          [scale.length],
          scale.map(() => zero),
        ),
      );
      const w = b.constant('w', int8([4, 3, 1, 1], values));
      const weight = b.op('DequantizeLinear', [w, b.constant('s', f32([scale.length], scale)), zeros], {
        axis: int(axis),
      });
      graph.outputs = [b.op('Conv', [x, weight], {}, 'y')];
      unpacked(graph);
      expect(ops(graph)).toEqual(['Conv']);
    }
  });
});

describe('activations', () => {
  const weights = (b: Builder, name: string, seed: number, filters: number, inputs: number) =>
    b.constant(name, normal(seed, [filters, inputs, 1, 1]));

  it('puts a ReLU back that levels from 0 on imply, behind a concatenation of integers', () => {
    const { graph, b, x } = start();
    const { round, read } = levels(b, 0.02, 0);
    const parts = [3, 5].map((filters, i) => round(b.op('Conv', [x, weights(b, `w${i}`, i, filters, 3)])));
    const y = read(b.op('Concat', parts, { axis: int(1) }));
    const pooled = b.op('GlobalAveragePool', [y]);
    graph.outputs = [b.op('Flatten', [read(round(pooled))], {}, 'y')];
    expect(activationTypeOf(graph)).toBe('int8');
    unpacked(graph, 0.02);
    // what is at least 0 already needs no other one
    expect(ops(graph)).toEqual(['Conv', 'Conv', 'Concat', 'Relu', 'GlobalAveragePool', 'Flatten']);
    expect(activationTypeOf(graph)).toBe('float');
  });

  it('puts none back where levels go below 0, behind a ReLU, nor behind an input', () => {
    const { graph, b, x } = start();
    const [signed, unsigned] = [levels(b, 0.05, 120), levels(b, 0.05, 0)];
    const image = unsigned.read(unsigned.round(x));
    const linear = signed.read(signed.round(b.op('Conv', [image, weights(b, 'w', 1, 3, 3)])));
    const sum = b.add(
      b.relu(linear),
      unsigned.read(unsigned.round(b.op('Clip', [linear, b.constant('low', f32([], [0]))]))),
    );
    graph.outputs = [b.op('MaxPool', [unsigned.read(unsigned.round(sum))], { kernel_shape: ints([4, 4]) }, 'y')];
    unpackNetwork(graph);
    expect(ops(verify(graph))).toEqual(['Conv', 'Relu', 'Clip', 'Add', 'MaxPool']);
  });

  it('leaves integers that the network gives, or that others compute with', () => {
    const { graph, b, x } = start();
    const { round, read } = levels(b, 0.05, 0);
    const q = round(b.op('Conv', [x, weights(b, 'w', 1, 4, 3)]));
    graph.outputs = [q, b.op('Relu', [read(q)])];
    const moved = round(x);
    const reshaped = b.op('Reshape', [moved, b.constant('dims', i64([-1, 3, 16]))]);
    const counted = b.op('Gather', [b.constant('table', normal(1, [256, 2])), b.cast(reshaped, 'int32')]);
    graph.outputs = [...graph.outputs, counted];
    const before = printGraph(verify(inferShapes(graph)));
    expect(unpackNetwork(graph)).toBe(false);
    expect(printGraph(verify(graph))).toBe(before);
    expect(graph.outputs[0]!.dtype).toBe('uint8');
    expect(activationTypeOf(graph)).toBe('int8');
  });

  it('keeps the names of outputs, of an input too', () => {
    const { graph, b, x } = start();
    const { round, read } = levels(b, 0.05, 120);
    const [first, second] = [read(round(x)), read(round(b.op('Conv', [x, weights(b, 'w', 1, 4, 3)])))];
    graph.outputs = [first, second];
    const names = graph.outputs.map(({ name }) => name);
    unpackNetwork(graph);
    expect(verify(graph).outputs.map(({ name }) => name)).toEqual(names);
    expect(ops(graph)).toEqual(expect.arrayContaining(['Conv', 'Identity']));
  });

  it('makes a float network of what another quantizer wrote', () => {
    const graph = readModel(quantizedModel().bytes);
    const before = evaluate(graph, feeds);
    expect(unpackNetwork(graph)).toBe(true);
    expect(ops(verify(graph))).toEqual(['Conv', 'Relu', 'GlobalAveragePool', 'Flatten']);
    expect(graph.nodes[0]!.input(1).constant!.dtype).toBe('float32');
    expect(relativeError(evaluate(graph, feeds), before)).toBeLessThan(0.05);
  });
});
