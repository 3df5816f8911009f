import { expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../test/evaluate.ts';
import { f32, Graph, int, ints, type Value, verify } from '../ir/index.ts';
import { Builder, canonicalOpset } from '../ops/index.ts';
import { moveScales } from './move-scales.ts';

const feeds = { x: normal(1, [2, 3, 6, 6]) };
const padded = { pads: ints([1, 1, 1, 1]) };

/** relu(s T x), four channels, and what `rest` makes of it; returns the operators left after the pass. */
function moved(rest: (b: Builder, y: Value) => Value, scale: readonly number[] = [0.5, 2, 0, 3]) {
  const graph = new Graph('net', canonicalOpset);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 6, 6]);
  const y = b.op('Conv', [x, b.constant('t', ternary(2, [4, 3, 1, 1]))], {}, 'trits');
  const s = b.op('Mul', [y, b.constant('s', f32([1, 4, 1, 1], scale))], {}, 'scale');
  graph.outputs = [rest(b, s)];
  const expected = evaluate(graph, feeds);
  const changed = moveScales(verify(graph));
  expect(relativeError(evaluate(verify(graph), feeds), expected)).toBeLessThan(1e-6);
  return { changed, graph, ops: graph.nodes.map((n) => n.op).slice(1) };
}

const weight = (b: Builder, dims: readonly number[]) => b.constant('w', normal(3, dims));

it('goes through ReLU and pooling into a depthwise convolution', () => {
  const { ops } = moved((b, y) => {
    const pooled = b.op('MaxPool', [b.relu(y)], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
    return b.op('Conv', [pooled, weight(b, [8, 1, 3, 3])], { ...padded, group: int(4) });
  });
  expect(ops).toEqual(['Relu', 'MaxPool', 'Conv']);
});

it('goes through a Concat, filled up with ones', () => {
  const { ops } = moved((b, y) => {
    const other = b.slice(b.graph.value('x'), { starts: [0], ends: [2], axes: [1] });
    return b.op('Conv', [b.relu(b.concat([other, y], 1)), weight(b, [6, 1, 3, 3])], { ...padded, group: int(6) });
  });
  expect(ops).toEqual(['Slice', 'Concat', 'Relu', 'Conv']);
});

it('goes into everything that reads the parts of a Split', () => {
  const { ops } = moved((b, y) => {
    const parts = b.node('Split', [y, b.i64([1, 3])], { axis: int(1) }, 2);
    const left = b.op('Conv', [parts.output(0), b.constant('v', normal(4, [2, 1, 1, 1]))]);
    return b.add(left, b.op('Conv', [parts.output(1), weight(b, [2, 3, 1, 1])]));
  });
  expect(ops).toEqual(['Split', 'Conv', 'Conv', 'Add']);
});

it('goes through a global pool or a Flatten into a Gemm', () => {
  const gemm = (features: number) => (b: Builder, y: Value) =>
    b.op('Gemm', [b.op('Flatten', [features === 4 ? b.op('GlobalAveragePool', [y]) : y]), weight(b, [features, 5])]);
  expect(moved(gemm(4)).ops).toEqual(['GlobalAveragePool', 'Flatten', 'Gemm']);
  expect(moved(gemm(144)).ops).toEqual(['Flatten', 'Gemm']);
});

it('stops before ternary weights, but moves behind a global pool', () => {
  const toTernary = (b: Builder, y: Value) => b.op('Conv', [y, b.constant('u', ternary(5, [2, 4, 1, 1]))]);
  expect(moved((b, y) => toTernary(b, b.relu(y))).changed).toBe(false);
  const { ops, graph } = moved((b, y) => toTernary(b, b.op('GlobalAveragePool', [b.relu(y)])));
  expect(ops).toEqual(['Relu', 'GlobalAveragePool', 'Mul', 'Conv']);
  expect(graph.nodes[3]!.name).toBe('scale');
});

const clip = (b: Builder, y: Value, low?: number, high?: number) => {
  const bounds = [low, high].map((v) => (v === undefined ? undefined : b.scalar(v)));
  return b.op('Clip', [y, ...bounds], {}, 'bounded');
};
const valuesOf = (graph: Graph, name: string) => [...(graph.value(name).constant!.data as Float32Array)];

it.each<[string, readonly (number | undefined)[], string[], Record<string, number[]>]>([
  ['between 0 and 3', [0, 3], ['Relu', 'Min'], { bounded_maxima: [6, 1.5, 0.75, 3] }],
  ['between -1 and 3', [-1, 3], ['Max', 'Min'], { bounded_minima: [-2, -0.5, -0.25, -1] }],
  ['from 0.5', [0.5], ['Max'], { bounded_minima: [1, 0.25, 0.125, 0.5] }],
  ['up to 1', [undefined, 1], ['Min'], { bounded_maxima: [2, 0.5, 0.25, 1] }],
  ['without bounds', [], [], {}],
])('goes through a Clip %s, whose bounds it divides per channel', (_, bounds, operators, constants) => {
  const depthwise = (b: Builder, y: Value) => b.op('Conv', [y, weight(b, [4, 1, 3, 3])], { ...padded, group: int(4) });
  const { ops, graph } = moved((b, y) => depthwise(b, clip(b, y, ...bounds)), [0.5, 2, 4, 1]);
  expect(ops).toEqual([...operators, 'Conv']);
  for (const [name, values] of Object.entries(constants)) expect(valuesOf(graph, name)).toEqual(values);
});

it('leaves a Clip where all factors are one, with bounds of its own', () => {
  const { ops, graph } = moved(
    (b, y) => {
      const bounded = b.op('Conv', [clip(b, y, 0, 6), weight(b, [2, 4, 1, 1])]);
      return clip(b, bounded, 0, 6);
    },
    [4, 4, 4, 4],
  );
  expect(ops).toEqual(['Clip', 'Conv', 'Clip']);
  const bounds = graph.nodes
    .filter((n) => n.op === 'Clip')
    .map((n) => n.inputs.slice(1).map((v) => v!.constant!.data[0]));
  expect(bounds).toEqual([
    [0, 1.5],
    [0, 6],
  ]);
});

it('goes through a Clip to behind a global pool', () => {
  const { ops, graph } = moved(
    (b, y) => {
      const pooled = b.op('GlobalAveragePool', [clip(b, y, 0, 2)]);
      return b.op('Conv', [pooled, b.constant('u', ternary(5, [2, 4, 1, 1]))]);
    },
    [0.5, 2, 4, 1],
  );
  expect(ops).toEqual(['Relu', 'Min', 'GlobalAveragePool', 'Mul', 'Conv']);
  expect([valuesOf(graph, 'bounded_maxima'), graph.nodes[4]!.name]).toEqual([[4, 1, 0.5, 2], 'scale']);
});

it.each<[string, (b: Builder, y: Value) => Value, number[]?]>([
  ['an output', (_, y) => y],
  ['a negative factor', (b, y) => b.op('Conv', [b.relu(y), weight(b, [2, 4, 1, 1])]), [1, 2, -3, 4]],
  ['a function that is not homogeneous', (b, y) => b.op('Conv', [b.op('Sigmoid', [y]), weight(b, [2, 4, 1, 1])])],
  ['a second reader that cannot take it', (b, y) => b.add(b.op('Conv', [y, weight(b, [4, 4, 1, 1])]), y)],
  ['a Clip, with a factor that is 0', (b, y) => b.op('Conv', [clip(b, y, 0, 6), weight(b, [2, 4, 1, 1])])],
  [
    'a Clip whose bounds are not constant',
    (b, y) => {
      const high = b.reduce('ReduceMax', b.graph.value('x'), undefined, false);
      return b.op('Conv', [b.op('Clip', [y, undefined, high]), weight(b, [2, 4, 1, 1])]);
    },
    [1, 2, 3, 4],
  ],
  [
    'a Clip whose bounds would leave the range of float32',
    (b, y) => b.op('Conv', [clip(b, y, 0, 6), weight(b, [2, 4, 1, 1])]),
    [1, 2, 1e-38, 4],
  ],
  [
    'a Clip that it reaches on two ways',
    (b, y) => b.op('Conv', [clip(b, b.concat([y, b.relu(y)], 1), -1, 6), weight(b, [2, 8, 1, 1])]),
    [1, 2, 3, 4],
  ],
  [
    'a sum with another tensor',
    (b, y) => {
      const other = b.op('Conv', [b.graph.value('x'), b.constant('v', normal(4, [4, 3, 1, 1]))]);
      return b.op('Conv', [b.relu(b.add(y, other)), weight(b, [2, 4, 1, 1])]);
    },
  ],
  [
    'weights that are used twice',
    (b, y) => {
      const w = weight(b, [4, 4, 1, 1]);
      return b.op('Conv', [b.relu(b.op('Conv', [y, w])), w]);
    },
  ],
])('stays before %s', (_, rest, scale) => {
  expect(moved(rest, scale).changed).toBe(false);
});
