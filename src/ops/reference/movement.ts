/** Operators that move elements without computing: any element type, no rounding. */

import { elementCount, type Node, scalar, TritbankError } from '../../ir/index.ts';
import { numbersOf } from '../shape/contents.ts';
import { normalizeAxis } from '../shape/rule.ts';
import { clampRange, padsPerAxis } from '../shape/slice.ts';
import {
  blockSize,
  broadcastIndices,
  count,
  fromNumbers,
  gridIndices,
  type ReferenceRule,
  stridesOf,
  take,
  tensorOf,
} from './arrays.ts';

/** The same elements in the same order under other dimensions. */
export const sameElements: ReferenceRule = (node) => [{ ...tensorOf(node, 0), dims: node.output().dims }];

/** Output 0 from the coordinates that it takes of input 0 on each axis. */
function grid(coordinatesOf: (node: Node, dims: readonly number[]) => readonly (readonly number[])[]): ReferenceRule {
  return (node) => {
    const x = tensorOf(node, 0);
    return [take(x, node.output().dims, gridIndices(coordinatesOf(node, x.dims), stridesOf(x.dims)))];
  };
}

export const expand: ReferenceRule = (node) => {
  const { dims } = node.output();
  return [take(tensorOf(node, 0), dims, broadcastIndices(tensorOf(node, 0).dims, dims))];
};

export const tile = grid((node, dims) => node.output().dims.map((d, i) => count(d).map((k) => k % dims[i]!)));

export const transpose: ReferenceRule = (node) => {
  const x = tensorOf(node, 0);
  const { dims } = node.output();
  const strides = stridesOf(x.dims);
  const perm = node.ints('perm', [...x.dims.keys()].reverse());
  return [
    take(
      x,
      dims,
      gridIndices(
        dims.map(count),
        perm.map((p) => strides[p]!),
      ),
    ),
  ];
};

export const slice = grid((node, dims) => {
  const starts = numbersOf(node.input(1))!;
  const ends = numbersOf(node.input(2))!;
  const axes = numbersOf(node.inputs[3]) ?? count(starts.length);
  const steps = numbersOf(node.inputs[4]) ?? starts.map(() => 1);
  const coordinates = dims.map(count);
  for (const [i, a] of axes.entries()) {
    const axis = normalizeAxis(node, a, dims.length);
    const range = clampRange(dims[axis]!, starts[i]!, ends[i]!, steps[i]!);
    coordinates[axis] = count(range.count).map((k) => range.start + k * range.step);
  }
  return coordinates;
});

/** Where padding at distance `at` from the start of an axis of `size` elements takes its value; NaN for a constant. */
function padSource(mode: string, at: number, size: number): number {
  if (at >= 0 && at < size) return at;
  if (mode === 'edge') return at < 0 ? 0 : size - 1;
  if (mode === 'wrap') return ((at % size) + size) % size;
  if (mode === 'constant') return Number.NaN;
  const period = Math.max(1, 2 * (size - 1));
  const phase = ((at % period) + period) % period;
  return phase < size ? phase : period - phase;
}

export const pad: ReferenceRule = (node) => {
  const x = tensorOf(node, 0);
  const mode = node.string('mode', 'constant');
  if (!['constant', 'edge', 'reflect', 'wrap'].includes(mode)) {
    throw new TritbankError(
      'E_UNSUPPORTED',
      node.label,
      `expected mode constant, edge, reflect or wrap, found ${mode}`,
    );
  }
  const pads = padsPerAxis(node, x.dims.length)!;
  const { dims } = node.output();
  const coordinates = dims.map((d, i) => count(d).map((k) => padSource(mode, k - pads[i]!.before, x.dims[i]!)));
  const zero = x.dtype === 'string' ? scalar(0) : fromNumbers(x.dtype, [], [0]);
  const fill = node.inputs[2] ? tensorOf(node, 2) : zero;
  return [take(x, dims, gridIndices(coordinates, stridesOf(x.dims)), fill)];
};

export const split: ReferenceRule = (node) => {
  const x = tensorOf(node, 0);
  const axis = normalizeAxis(node, node.int('axis', 0), x.dims.length);
  const strides = stridesOf(x.dims);
  let from = 0;
  return node.outputs.map((_, i) => {
    const { dims } = node.output(i);
    const indices = gridIndices(dims.map(count), strides).map((k) => k + from * strides[axis]!);
    from += dims[axis]!;
    return take(x, dims, indices);
  });
};

export const concat: ReferenceRule = (node) => {
  const parts = node.inputs.map((_, i) => tensorOf(node, i));
  const { dims } = node.output();
  const axis = normalizeAxis(node, node.int('axis'), dims.length);
  const result = take(parts[0]!, dims, new Array<number>(elementCount(dims)).fill(0));
  const data = result.data as { [index: number]: unknown };
  let to = 0;
  for (let outer = 0; outer < elementCount(dims.slice(0, axis)); outer++) {
    for (const part of parts) {
      const block = blockSize(part.dims, axis);
      for (let i = 0; i < block; i++) data[to++] = part.data[outer * block + i];
    }
  }
  return [result];
};
