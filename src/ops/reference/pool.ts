/** Pools over the spatial axes of [N, C, ...]. Positions of maxima are row-major; column-major ones are left out. */

import { elementCount, type Node, TritbankError } from '../../ir/index.ts';
import { windowsOf } from '../arithmetic/window.ts';
import { numbers, type ReferenceRule, result, tensorOf } from './arrays.ts';
import { max, mean } from './reduce.ts';
import { paddedCounts, type Tap, tapsOf } from './window.ts';

/** Calls `visit` for every window of every plane; `from` is where the plane starts. */
function eachWindow(node: Node, visit: (window: readonly Tap[], from: number, position: number) => void): void {
  const { dims } = tensorOf(node, 0);
  const sizes = dims.slice(2);
  const windows = windowsOf(node, sizes, node.ints('kernel_shape'));
  const taps = tapsOf(sizes, node.output().dims.slice(2), windows);
  const plane = elementCount(sizes);
  for (let i = 0; i < dims[0]! * dims[1]!; i++) {
    for (const [position, window] of taps.entries()) visit(window, i * plane, position);
  }
}

export const maxPool: ReferenceRule = (node) => {
  if (node.int('storage_order', 0) !== 0) {
    throw new TritbankError('E_UNSUPPORTED', node.label, 'expected storage_order 0, found 1');
  }
  const x = numbers(node, 0);
  const [maxima, places]: [number[], number[]] = [[], []];
  eachWindow(node, (window, from) => {
    let best = -1;
    for (const { source } of window) if (best < 0 || x[from + source]! > x[best]!) best = from + source;
    maxima.push(best < 0 ? -Infinity : x[best]!);
    places.push(best);
  });
  return node.outputs[1] ? [result(node, maxima), result(node, places, 1)] : [result(node, maxima)];
};

/** The mean over the elements inside the input, or over those inside its padding with `count_include_pad`. */
export const averagePool: ReferenceRule = (node) => {
  const x = numbers(node, 0);
  const sizes = tensorOf(node, 0).dims.slice(2);
  const windows = windowsOf(node, sizes, node.ints('kernel_shape'));
  const padded = node.int('count_include_pad', 0)
    ? paddedCounts(sizes, node.output().dims.slice(2), windows)
    : undefined;
  const y: number[] = [];
  eachWindow(node, (window, from, position) => {
    const sum = window.reduce((s, { source }) => s + x[from + source]!, 0);
    y.push(sum / (padded?.[position] ?? window.length));
  });
  return [result(node, y)];
};

/** A function of each whole plane. */
function globalPool(f: (plane: readonly number[]) => number): ReferenceRule {
  return (node) => {
    const { dims } = tensorOf(node, 0);
    const [x, plane] = [numbers(node, 0), elementCount(dims.slice(2))];
    const planes = Array.from({ length: dims[0]! * dims[1]! }, (_, i) => x.slice(i * plane, (i + 1) * plane));
    return [result(node, planes.map(f))];
  };
}

export const globalAveragePool = globalPool(mean);
export const globalMaxPool = globalPool(max);
