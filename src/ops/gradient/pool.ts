/** Gradients of AveragePool and MaxPool, for any kernel, stride, pads, dilations, and with ceil_mode. */

import { f32, ints, type Node, type Value } from '../../ir/index.ts';
import { windowsOf } from '../arithmetic/window.ts';
import type { Builder } from '../builder.ts';
import { product } from '../shape/dims.ts';
import { scatterAdd } from './indexing.ts';
import { unary } from './rule.ts';
import { range, reshapeLike, typed } from './shape-tools.ts';
import { type ExactWindow, endPads, exactWindow, unreached } from './window.ts';

const spatial = (x: Value) => x.shape.slice(2);

/** dx = dy / n in each of the n elements of a window, added up where windows overlap. */
export const averagePool = unary(({ dy, x, y, b, node }) => {
  const window = exactWindow(node, spatial(x), spatial(y), node.ints('kernel_shape'));
  const counts = elementsPerWindow(node, spatial(x) as readonly number[], spatial(y) as readonly number[]);
  const uniform = counts.every((n) => n === counts[0]);
  if (uniform && isTiling(window)) return repeat(b, b.mul(dy, 1 / counts[0]!), x, window.kernel);
  if (uniform) return spread(b, dy, x, window, 1 / counts[0]!);
  const shares = b.constant(
    'shares',
    f32(
      spatial(y) as readonly number[],
      counts.map((n) => 1 / n),
    ),
  );
  return spread(b, b.mul(dy, shares), x, window, 1);
});

/** The number of elements over which each window averages, in row-major order of the windows. */
function elementsPerWindow(node: Node, size: readonly number[], count: readonly number[]): number[] {
  const includePad = node.int('count_include_pad', 0) === 1;
  let counts = [1];
  for (const [axis, w] of windowsOf(node, size, node.ints('kernel_shape')).entries()) {
    const [low, high] = includePad ? [-w.before, size[axis]! + w.after] : [0, size[axis]!];
    const along = range(count[axis]!).map((i) => {
      const places = range(w.kernel).map((k) => i * w.stride - w.before + k * w.dilation);
      return places.filter((p) => p >= low && p < high).length;
    });
    counts = counts.flatMap((n) => along.map((m) => n * m));
  }
  return counts;
}

const isTiling = ({ kernel, strides, dilations, begin, end }: ExactWindow) =>
  kernel.every((k, i) => strides[i] === k && dilations[i] === 1 && begin[i] === 0 && end[i] === 0);

/** Windows that tile the input: every element of dy fills its own. */
function repeat(b: Builder, dy: Value, x: Value, kernel: readonly number[]): Value {
  const axes = kernel.map((_, i) => 2 * i + 3);
  const copies = [1, 1, ...kernel.flatMap((k) => [1, k])];
  return reshapeLike(b, b.op('Expand', [b.op('Unsqueeze', [dy, b.i64(axes)]), b.i64(copies)]), x);
}

/** The input gradient of a convolution with a constant kernel, where each channel counts as an image. */
function spread(b: Builder, dy: Value, x: Value, window: ExactWindow, weight: number): Value {
  const { kernel, strides, dilations, begin } = window;
  const images = b.reshape(dy, [-1, 1, ...(spatial(dy) as readonly number[])]);
  const ones = f32([1, 1, ...kernel]);
  const w = b.constant('window', { ...ones, data: ones.data.fill(weight) });
  const attributes = {
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...begin, ...endPads(window)]),
    output_padding: ints(unreached(window)),
  };
  const gradient = b.op('ConvTranspose', [images, w], attributes);
  return reshapeLike(b, typed(gradient, [product(x.shape.slice(0, 2)), 1, ...spatial(x)]), x);
}

/** dx[i] = sum of dy over the windows whose maximum is at i; positions count through the whole of x. */
export const maxPool = unary(({ dy, x, b, node }) => {
  const { storage_order, ...attributes } = node.attributes;
  const known = storage_order === undefined ? node.outputs[1] : undefined;
  const positions = known ?? b.node('MaxPool', [x], attributes, 2).output(1);
  const flat = (value: Value) => b.reshape(value, [-1]);
  return reshapeLike(b, scatterAdd(b, flat(x), flat(positions), flat(dy), 0), x);
});
