/** Resize, and the moves between channels and blocks of pixels. */

import { type Dim, toNumbers } from '../../ir/index.ts';
import { blockSize } from '../arithmetic/blocks.ts';
import { resizedAxes } from '../arithmetic/resample.ts';
import { contentsOf } from './contents.ts';
import { divide, product } from './dims.ts';
import { dtypeOf, freshDim, freshShape, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** floor(size x scale), or the sizes that are given. */
export const resize: ShapeRule = (node) => {
  const [dtype, x] = [dtypeOf(node, 0), shapeOf(node, 0)];
  if (!x) return [typed(dtype, undefined)];
  const constant = node.inputs[2]?.constant;
  const scales = constant && constant.data.length > 0 ? toNumbers(constant) : undefined;
  const sizes = contentsOf(node.inputs[3]);
  if (!scales && !sizes) return [typed(dtype, freshShape(node, x.length))];
  const resized = resizedAxes(node, x, scales, sizes);
  if (resized)
    return [
      typed(
        dtype,
        x.map((dim, axis) => resized.find((r) => r.axis === axis)?.size ?? dim),
      ),
    ];
  return [
    typed(
      dtype,
      x.map((dim, axis) => scaledDim(dim, scales?.[axis]) ?? freshDim(node, axis)),
    ),
  ];
};

/** A whole multiple of a symbolic size can be written. */
function scaledDim(dim: Dim, scale: number | undefined): Dim | undefined {
  return scale !== undefined && Number.isInteger(scale) ? product([dim, scale]) : undefined;
}

const blocks =
  (grows: boolean): ShapeRule =>
  (node) => {
    const [dtype, x] = [dtypeOf(node, 0), shapeOf(node, 0)];
    if (!x) return [typed(dtype, undefined)];
    if (x.length !== 4) throw mismatch(node, `expected an input [N, C, H, W], found ${printDims(x)}`);
    const b = blockSize(node);
    const [n, c, h, w] = x as [Dim, Dim, Dim, Dim];
    const part = (dim: Dim, axis: number, by: number): Dim => {
      const quotient = divide(dim, by);
      if (quotient !== undefined) return quotient;
      if (typeof dim === 'string') return freshDim(node, axis);
      throw mismatch(node, `expected a size that is a multiple of ${by}, found ${dim}`);
    };
    const shape = grows
      ? [n, part(c, 1, b * b), product([h, b]), product([w, b])]
      : [n, product([c, b * b]), part(h, 2, b), part(w, 3, b)];
    return [typed(dtype, shape)];
  };

export const depthToSpace = blocks(true);
export const spaceToDepth = blocks(false);
