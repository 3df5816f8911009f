/**
 * Writes `auto_pad` of convolutions and pools out as `pads`, which every runtime and every later rewrite reads the same way.
 * 1. VALID is no padding.
 * 2. SAME_UPPER and SAME_LOWER, where the sizes are known or the stride is 1: windows at ceil(size / stride) positions, the
 *    odd element behind (UPPER) or before (LOWER).
 * Left out: transposed convolutions; pools with dilation, on which runtimes differ.
 */

import { type Graph, ints, type Node, type Shape } from '../../ir/index.ts';
import { windowsOf } from '../../ops/arithmetic/window.ts';
import { traitsOf } from '../../ops/traits.ts';
import { inferShapes } from '../infer-shapes.ts';

/** Rewrites in place, refreshing types; true when something changed. */
export function writePads(graph: Graph): boolean {
  inferShapes(graph);
  return graph.nodes.filter((node) => traitsOf(node).windowed && write(node)).length > 0;
}

/** The kernel's sizes, of a convolution from its weight. */
function kernelOf(node: Node): readonly number[] | undefined {
  if (node.op !== 'Conv') return node.ints('kernel_shape');
  const kernel: Shape | undefined = node.input(1).type?.shape?.slice(2);
  return kernel?.every((d): d is number => typeof d === 'number') ? (kernel as readonly number[]) : undefined;
}

function write(node: Node): boolean {
  if (!node.has('auto_pad')) return false;
  const { auto_pad, ...rest } = node.attributes;
  const automatic = node.string('auto_pad');
  const [sizes, kernel] = [node.input(0).type?.shape?.slice(2), kernelOf(node)];
  if (automatic === 'NOTSET') {
    node.attributes = rest;
    return true;
  }
  if (!sizes || !kernel) return false;
  if (node.op !== 'Conv' && node.ints('dilations', [1]).some((d) => d !== 1)) return false;
  const windows = windowsOf(node, sizes, kernel);
  const pads = [...windows.map((w) => w.before), ...windows.map((w) => w.after)];
  if (pads.some(Number.isNaN)) return false;
  node.attributes = { ...rest, pads: ints(pads) };
  return true;
}
