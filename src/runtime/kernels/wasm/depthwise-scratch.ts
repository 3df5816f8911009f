/**
 * How much scratch memory a depthwise convolution needs: padded planes and results, see assembly/depthwise.ts and
 * depthwise-pairs.ts.
 */

import { type DepthwiseCall, type ElementType, parameterBytes } from '../kernels.ts';

type Shape = Pick<DepthwiseCall, 'height' | 'width' | 'window'>;

/** What loads and stores of vectors touch beyond the end, in bytes. */
const slack = 128;

/** Padded columns or rows, and how many outputs they give. */
function lengthsOf({ height, width, window }: Shape, axis: 0 | 1): { padded: number; out: number } {
  const { kernel, strides, dilations, pads } = window;
  const padded = (axis === 0 ? height : width) + pads[axis] + pads[axis + 2]!;
  const reach = (kernel[axis] - 1) * dilations[axis] + 1;
  return { padded: Math.max(padded, 3), out: Math.max(1, Math.floor((padded - reach) / strides[axis]) + 1) };
}

export function depthwiseScratch(shape: Shape, type: ElementType): number {
  const rows = lengthsOf(shape, 0);
  const columns = lengthsOf(shape, 1);
  const { strides } = shape.window;
  if (type === 'int8' && strides[0] === 1 && strides[1] === 1) {
    // Pairs of rows in int16, a pair more than there are of results; results of even rows and of odd ones.
    const pairs = (rows.out + 1) >> 1;
    const pitch = columns.padded + 2;
    return parameterBytes + pitch * (4 * (pairs + 1) + 2 * pairs) + 3 * slack;
  }
  // An even and an odd part with stride 2, the even one perhaps longer by one.
  const elements = (rows.padded + 1) * (columns.padded + 1);
  const results = rows.out * (columns.padded + 1);
  return parameterBytes + (elements + results) * (type === 'int8' ? 1 : 4) + 2 * slack;
}
