/** Operators that move elements without computing, other than those of `../arithmetic/move.ts`: any type, no rounding. */

import { type Node, scalar } from '../../ir/index.ts';
import { padMode, padSource } from '../arithmetic/borders.ts';
import { stridesOf } from '../arithmetic/dims.ts';
import { fromNumbers } from '../arithmetic/numbers.ts';
import { padsPerAxis } from '../shape/slice.ts';
import { count, gridIndices, type ReferenceRule, take, tensorOf } from './arrays.ts';

/** Output 0 from the coordinates that it takes of input 0 on each axis. */
function grid(coordinatesOf: (node: Node, dims: readonly number[]) => readonly (readonly number[])[]): ReferenceRule {
  return (node) => {
    const x = tensorOf(node, 0);
    return [take(x, node.output().dims, gridIndices(coordinatesOf(node, x.dims), stridesOf(x.dims)))];
  };
}

export const tile = grid((node, dims) => node.output().dims.map((d, i) => count(d).map((k) => k % dims[i]!)));

export const pad: ReferenceRule = (node) => {
  const x = tensorOf(node, 0);
  const mode = padMode(node);
  const pads = padsPerAxis(node, x.dims.length)!;
  const { dims } = node.output();
  const coordinates = dims.map((d, i) => count(d).map((k) => padSource(mode, k - pads[i]!.before, x.dims[i]!)));
  const zero = x.dtype === 'string' ? scalar(0) : fromNumbers(x.dtype, [], [0]);
  const fill = node.inputs[2] ? tensorOf(node, 2) : zero;
  return [take(x, dims, gridIndices(coordinates, stridesOf(x.dims)), fill)];
};
