/** Conv: x [N, C, ...], w [M, C / group, ...kernel] -> [N, M, ...]. ConvTranspose: w [C, M / group, ...kernel]. */

import type { Dim, Node, Shape } from '../../ir/index.ts';
import { positions, transposedGeometry, windowsOf } from '../arithmetic/window.ts';
import { agree } from './dims.ts';
import { dtypeOf, expectRank, freshDim, mismatch, printDims, type ShapeRule, shapeOf, typed } from './rule.ts';

/** The kernel's sizes, which must be known, and equal `kernel_shape` where that is given. */
function kernelOf(node: Node, weight: Shape): readonly number[] {
  const kernel = weight.slice(2);
  if (!kernel.every((d): d is number => typeof d === 'number')) {
    throw mismatch(node, `expected a kernel of fixed sizes, found ${printDims(kernel)}`);
  }
  const declared = node.ints('kernel_shape', kernel);
  if (declared.join() !== kernel.join()) {
    throw mismatch(node, `expected kernel_shape ${printDims(kernel)} as in the weight, found ${printDims(declared)}`);
  }
  return kernel;
}

function checkBias(node: Node, filters: Dim): void {
  const bias = shapeOf(node, 2);
  if (bias && (bias.length !== 1 || !agree(bias[0]!, filters))) {
    throw mismatch(node, `expected a bias [${filters}], found ${printDims(bias)}`);
  }
}

export const conv: ShapeRule = (node) => {
  const [x, w] = [shapeOf(node, 0), shapeOf(node, 1)];
  if (!x || !w) return [typed(dtypeOf(node, 0), undefined)];
  expectRank(node, 'a weight', w, x.length);
  const group = node.int('group', 1);
  const [channels, filters, perGroup] = [x[1]!, w[0]!, w[1]!];
  if (typeof channels === 'number' && typeof perGroup === 'number' && channels !== perGroup * group) {
    throw mismatch(node, `expected input channels ${channels} = weight channels ${perGroup} x group ${group}`);
  }
  if (typeof filters === 'number' && filters % group !== 0) {
    throw mismatch(node, `expected a multiple of ${group} filters, one share per group, found ${filters}`);
  }
  checkBias(node, filters);
  const sizes = x.slice(2);
  const windows = windowsOf(node, sizes, kernelOf(node, w));
  const spatial = sizes.map((size, i) => positions(node, size, windows[i]!) ?? freshDim(node, i + 2));
  return [typed(dtypeOf(node, 0), [x[0]!, filters, ...spatial])];
};

export const convTranspose: ShapeRule = (node) => {
  const [x, w] = [shapeOf(node, 0), shapeOf(node, 1)];
  if (!x || !w) return [typed(dtypeOf(node, 0), undefined)];
  expectRank(node, 'a weight', w, x.length);
  if (!agree(x[1]!, w[0]!)) {
    throw mismatch(node, `expected input channels ${x[1]} = weight channels ${w[0]}`);
  }
  const group = node.int('group', 1);
  const filters: Dim = typeof w[1] === 'number' ? w[1] * group : freshDim(node, 1);
  checkBias(node, filters);
  const kernel = kernelOf(node, w);
  const sizes = x.slice(2);
  // Each axis stands alone, so a symbolic one is computed with a dummy size and then replaced.
  const geometry = transposedGeometry(
    node,
    sizes.map((d) => (typeof d === 'number' ? d : 1)),
    kernel,
  );
  const spatial = sizes.map((d, i) => (typeof d === 'number' ? geometry[i]!.size : freshDim(node, i + 2)));
  return [typed(dtypeOf(node, 0), [x[0]!, filters, ...spatial])];
};
