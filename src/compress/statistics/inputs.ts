/**
 * The inputs of a layer as its weights meet them, and sums over them, inside the graph. A convolution's windows become the
 * columns of a matrix X [n, positions] per image, its rows in the order of a filter's n = inputs * kh * kw weights, padding
 * included as zeros: the layer is then the matrix product W X, and sums over positions are X 1 and X X'.
 */

import { TritbankError, type Value } from '../../ir/index.ts';
import { endPads, exactWindow } from '../../ops/gradient/window.ts';
import type { Builder } from '../../ops/index.ts';
import type { Layer } from '../../quantize/index.ts';

/** Larger kernels (not 1x1) get no full matrix when n is above this. */
export const largestWindow = 1200;

/** Weights of a filter: n. */
export const weightsOf = ({ inputs, kernel }: Layer) => inputs * kernel[0] * kernel[1];

/** The largest matrix of moments of n inputs that is kept: 170 MB. Dense layers behind a Flatten may have 25,088. */
export const largestMatrix = 4608;

/** Whether all of E[x x'] is measured for the layer, or its diagonal only. */
export function isMeasuredInFull(layer: Layer): boolean {
  const isPoint = layer.kernel.every((k) => k === 1);
  return weightsOf(layer) <= (isPoint ? largestMatrix : largestWindow);
}

/** Output positions of each of `images` images. E_MODEL where they do not divide among the images. */
export function positionsOf({ node, filters }: Layer, images: number): number {
  const { dims } = node.output();
  const positions = dims.reduce((product, d) => product * d, 1) / (images * filters);
  if (Number.isInteger(positions) && (node.op === 'Gemm' || dims[0] === images)) return positions;
  const expected = `expected the outputs of ${images} images, one after the other`;
  throw new TritbankError('E_MODEL', node.label, `${expected}, found [${dims.join(', ')}]`);
}

/** X of all images, `[images, n, positions]`. */
export function emitColumns(b: Builder, layer: Layer, images: number): Value {
  const { node, inputs, kernel } = layer;
  const positions = positionsOf(layer, images);
  const x = node.input(0);
  if (node.op === 'Gemm') return arrangeRows(b, x, images, positions);
  const count = node.output().dims.slice(2);
  const window = exactWindow(node, x.dims.slice(2), count, kernel);
  const [before, after] = [window.begin, endPads(window)];
  const isPadded = [...before, ...after].some((p) => p > 0);
  const padded = isPadded ? b.op('Pad', [x, b.i64([0, 0, ...before, 0, 0, ...after])]) : x;
  const seen: Value[] = [];
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const starts = [row * window.dilations[0]!, column * window.dilations[1]!];
      const ends = count.map((c, i) => starts[i]! + (c - 1) * window.strides[i]! + 1);
      const isWhole = ends.every((end, i) => starts[i] === 0 && window.strides[i] === 1 && end === padded.dims[i + 2]);
      const part = isWhole ? padded : b.slice(padded, { starts, ends, axes: [2, 3], steps: window.strides });
      seen.push(b.reshape(part, [images, inputs, 1, positions]));
    }
  }
  const stacked = seen.length === 1 ? seen[0]! : b.concat(seen, 2);
  return b.reshape(stacked, [images, inputs * seen.length, positions]);
}

/** Values or gradients of the layer's outputs, `[images, filters, positions]`. */
export function emitOutputColumns(b: Builder, layer: Layer, y: Value, images: number): Value {
  const positions = positionsOf(layer, images);
  if (layer.node.op === 'Gemm') return arrangeRows(b, y, images, positions);
  return b.reshape(y, [images, layer.filters, positions]);
}

/** A matrix with a row per image and position, `[images * positions, n]`, as `[images, n, positions]`. */
function arrangeRows(b: Builder, rows: Value, images: number, positions: number): Value {
  const n = rows.dims[1]!;
  if (positions === 1) return b.reshape(rows, [images, n, 1]);
  return b.transpose(b.reshape(rows, [images, positions, n]), [0, 2, 1]);
}

export interface InputSums {
  /** Sum of x, [n]. */
  readonly sum: Value;
  /** Sum of x x', [n, n], or of squares, [n]. */
  readonly squares: Value;
}

/** Sums over the inputs' columns of all images. */
export function emitInputSums(b: Builder, layer: Layer, images: number): InputSums {
  const columns = emitColumns(b, layer, images);
  if (isMeasuredInFull(layer)) return emitProductSums(b, columns);
  return { sum: b.reduceSum(columns, [0, 2]), squares: b.reduce('ReduceSumSquare', columns, [0, 2], false) };
}

/** Sums over columns `[images, n, positions]`, with the whole of x x'. */
export function emitProductSums(b: Builder, columns: Value): InputSums {
  // one product for all images: their columns side by side
  const all = b.reshape(b.transpose(columns, [1, 0, 2]), [columns.dims[1]!, -1]);
  return { sum: b.reduceSum(columns, [0, 2]), squares: b.gemm(all, all, { transB: true }) };
}
