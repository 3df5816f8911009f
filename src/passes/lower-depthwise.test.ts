import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../test/evaluate.ts';
import { f32, Graph, int, ints, toNumbers, verify } from '../ir/index.ts';
import { Builder, depthwiseConv, markerDomain } from '../ops/index.ts';
import { lowerDepthwise } from './lower-depthwise.ts';

const [channels, size, batch] = [3, 5, 2];
const x = normal(1, [batch, channels, size, size]);
const w = normal(2, [channels, 1, 3, 3]);
const geometry = { kernel_shape: ints([3, 3]), strides: ints([2, 2]) };

/** `[N, C, H, W]` to `[C, H, W, N]`. */
function batchLast(values: ArrayLike<number>, side: number): number[] {
  const size = channels * side * side;
  return Array.from({ length: values.length }, (_, i) => values[(i % batch) * size + Math.floor(i / batch)]!);
}

it('computes the depthwise convolution that the marker stands for', () => {
  const reference = new Graph('reference');
  const r = new Builder(reference);
  const inputs = [reference.input('x', 'float32', x.dims), r.constant('w', w)];
  reference.outputs = [r.op('Conv', inputs, { ...geometry, pads: ints([1, 1, 1, 1]), group: int(channels) })];

  const graph = new Graph('marker');
  const b = new Builder(graph);
  const last = graph.input('x', 'float32', [channels, size, size, batch]);
  const kernel = b.constant('w', f32([channels, 3, 3], toNumbers(w)));
  const attributes = { ...geometry, pads: ints([1, 1]), output_size: ints([3, 3]) };
  const marker = b.node(depthwiseConv, [last, kernel], attributes, 1, 'layer', markerDomain);
  graph.outputs = [b.relu(marker.output())];

  expect(lowerDepthwise(graph)).toBe(true);
  verify(graph);
  expect(graph.nodes.filter((n) => n.domain !== '')).toEqual([]);
  expect(graph.nodes.slice(0, -1).every((n) => n.name.startsWith('layer/'))).toBe(true);
  const expected = batchLast(evaluate(reference, { x }), 3).map((v) => Math.max(0, v));
  const feeds = { x: f32(last.dims, batchLast(toNumbers(x), size)) };
  expect(relativeError(evaluate(graph, feeds), expected)).toBeLessThan(1e-5);
  expect(lowerDepthwise(graph)).toBe(false);
});

it('keeps a marker whose result is returned apart from other operators of its name', () => {
  const graph = new Graph('other');
  const foreign = graph.add(depthwiseConv, [graph.input('x', 'float32', [1])], {}, { domain: 'elsewhere' });
  graph.outputs = [foreign.output()];
  expect(lowerDepthwise(graph)).toBe(false);
  expect(graph.nodes).toEqual([foreign]);
});
