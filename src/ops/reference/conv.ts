/** Convolutions over any number of spatial axes. */

import { elementCount } from '../../ir/index.ts';
import { perAxis, transposedGeometry, windowsOf } from '../arithmetic/window.ts';
import { numbers, optionalNumbers, type ReferenceRule, result, tensorOf } from './arrays.ts';
import { tapsOf } from './window.ts';

/** y[n, m, p] = bias[m] + sum over c in m's group and taps k of w[m, c, k] x[n, c, p stride + k dilation - before] */
export const conv: ReferenceRule = (node) => {
  const [xDims, wDims, yDims] = [tensorOf(node, 0).dims, tensorOf(node, 1).dims, node.output().dims];
  const [x, w, bias] = [numbers(node, 0), numbers(node, 1), optionalNumbers(node, 2)];
  const [batch, filters] = yDims as [number, number];
  const [channels, perGroup] = [xDims[1]!, wDims[1]!];
  const filtersPerGroup = filters / node.int('group', 1);
  const sizes = xDims.slice(2);
  const [plane, kernelSize] = [elementCount(sizes), elementCount(wDims.slice(2))];
  const taps = tapsOf(sizes, yDims.slice(2), windowsOf(node, sizes, wDims.slice(2)));
  const y: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let m = 0; m < filters; m++) {
      const first = Math.floor(m / filtersPerGroup) * perGroup;
      for (const window of taps) {
        let sum = bias ? bias[m]! : 0;
        for (let c = 0; c < perGroup; c++) {
          const [from, by] = [(n * channels + first + c) * plane, (m * perGroup + c) * kernelSize];
          for (const { kernel, source } of window) sum += w[by + kernel]! * x[from + source]!;
        }
        y.push(sum);
      }
    }
  }
  return [result(node, y)];
};

/** The adjoint: y[n, m, p stride + k dilation - before] += w[c, m, k] x[n, c, p] */
export const convTranspose: ReferenceRule = (node) => {
  const [xDims, wDims, yDims] = [tensorOf(node, 0).dims, tensorOf(node, 1).dims, node.output().dims];
  const [x, w, bias] = [numbers(node, 0), numbers(node, 1), optionalNumbers(node, 2)];
  const [batch, filters] = yDims as [number, number];
  const [channels, perGroup] = [xDims[1]!, wDims[1]!];
  const channelsPerGroup = channels / node.int('group', 1);
  const [positions, kernelDims, sizes] = [xDims.slice(2), wDims.slice(2), yDims.slice(2)];
  const [plane, kernelSize] = [elementCount(sizes), elementCount(kernelDims)];
  const geometry = transposedGeometry(node, positions, kernelDims);
  const [strides, dilations] = ['strides', 'dilations'].map((name) => perAxis(node, name, sizes.length, 1));
  const windows = kernelDims.map((kernel, i) => ({
    kernel,
    stride: strides![i]!,
    dilation: dilations![i]!,
    before: geometry[i]!.before,
    after: geometry[i]!.after,
  }));
  const taps = tapsOf(sizes, positions, windows);
  const y = Array.from({ length: batch * filters * plane }, (_, i) => bias?.[Math.floor(i / plane) % filters] ?? 0);
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const first = Math.floor(c / channelsPerGroup) * perGroup;
      for (const [p, window] of taps.entries()) {
        const value = x[(n * channels + c) * taps.length + p]!;
        for (let m = 0; m < perGroup; m++) {
          const [to, by] = [(n * filters + first + m) * plane, (c * perGroup + m) * kernelSize];
          for (const { kernel, source } of window) y[to + source]! += w[by + kernel]! * value;
        }
      }
    }
  }
  return [result(node, y)];
};
