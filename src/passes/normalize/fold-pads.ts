/**
 * Folds a Pad with zeros around the pixels into the `pads` of what reads it, where that is exact:
 * 1. A convolution pads with zeros itself.
 * 2. An average pool does too, if it counts its padding: it may be told to where it has had none.
 * 3. A max pool pads with minus infinity. Behind ReLU and the like zero never is more than a pixel, and a pixel is in every
 *    window of which less than the kernel is padding.
 * Between the two there may be a transposition, which then is one of what was padded.
 * Left out: pools with `ceil_mode` or dilation, padding of a kernel's size or more in pools, negative padding.
 */

import { type Graph, int, ints, type Node, toNumbers, type Value } from '../../ir/index.ts';
import { perAxis } from '../../ops/arithmetic/window.ts';
import { Builder, traitsOf } from '../../ops/index.ts';
import { padsPerAxis } from '../../ops/shape/slice.ts';
import { inferNode } from '../../ops/shape.ts';
import { constantOf } from '../channels.ts';
import { inferShapes } from '../infer-shapes.ts';
import { removeDead } from '../remove-dead.ts';
import { sourceOf } from './transpose-rules.ts';

/** Folds in place, refreshing types; true when something changed. */
export function foldPads(graph: Graph): boolean {
  inferShapes(graph);
  let changed = false;
  for (const node of [...graph.nodes]) {
    if (node.domain !== '' || !node.inputs[0]) continue;
    const padding = paddingBefore(node.inputs[0]);
    const attributes = padding && widened(node, padding);
    if (!attributes) continue;
    node.attributes = attributes;
    node.setInput(0, padding.reorder ? padding.reorder(node) : padding.x);
    inferNode(node);
    changed = true;
  }
  if (changed) removeDead(graph);
  return changed;
}

interface Padding {
  /** What is padded. */
  readonly x: Value;
  /** Before all spatial axes, then behind them, as the attribute `pads` has it. */
  readonly pads: readonly number[];
  /** Transposes what is padded, in front of a node. */
  readonly reorder?: (before: Node) => Value;
}

/** The zeros that a Pad adds around the pixels of `value`, or does before a transposition; undefined where none does. */
function paddingBefore(value: Value): Padding | undefined {
  const source = sourceOf(value);
  const node = (source?.x ?? value).producer;
  if (node?.op !== 'Pad' || node.domain !== '' || node.string('mode', 'constant') !== 'constant') return undefined;
  const x = node.input(0);
  const rank = x.type?.shape?.length;
  const fill = node.inputs[2] && constantOf(node.inputs[2]);
  if (rank === undefined || rank < 3 || (node.inputs[2] && (!fill || toNumbers(fill)[0] !== 0))) return undefined;
  const amounts = padsPerAxis(node, rank);
  const pads = source ? source.perm.map((axis) => amounts?.[axis]) : amounts;
  if (pads?.slice(0, 2).some((p) => p?.before !== 0 || p.after !== 0) !== false) return undefined;
  const spatial = pads.slice(2);
  const flat = [...spatial.map((p) => p!.before), ...spatial.map((p) => p!.after)];
  if (flat.some((p) => p < 0)) return undefined;
  const reorder = (before: Node) => new Builder(before.graph, `${before.name}/`, before).transpose(x, source!.perm);
  return { x, pads: flat, ...(source && { reorder }) };
}

/** The attributes with which `node` pads on its own, or undefined where it cannot. */
function widened(node: Node, { x, pads }: Padding): Node['attributes'] | undefined {
  const { auto_pad, ...rest } = node.attributes;
  const automatic = node.string('auto_pad', 'NOTSET');
  if (automatic !== 'NOTSET' && automatic !== 'VALID') return undefined;
  const own = automatic === 'VALID' ? pads.map(() => 0) : perAxis(node, 'pads', pads.length, 0);
  const sum = own.map((p, i) => p + pads[i]!);
  if (node.op === 'Conv') return { ...rest, pads: ints(sum) };
  if (node.op !== 'AveragePool' && node.op !== 'MaxPool') return undefined;
  const kernel = node.ints('kernel_shape');
  const isPlain = node.int('ceil_mode', 0) === 0 && node.ints('dilations', [1]).every((d) => d === 1);
  if (!isPlain || sum.some((p, i) => p >= kernel[i % kernel.length]!)) return undefined;
  if (node.op === 'MaxPool') return isNonNegative(x) ? { ...rest, pads: ints(sum) } : undefined;
  const counts = node.int('count_include_pad', 0) === 1 || own.every((p) => p === 0);
  return counts ? { ...rest, pads: ints(sum), count_include_pad: int(1) } : undefined;
}

/** Values that are looked at before a pad is left as it is. */
const maxLooks = 1000;

/** True for what cannot be below zero (NaN apart), where that is found out soon. */
function isNonNegative(value: Value, looks = { left: maxLooks }): boolean {
  if (looks.left-- <= 0) return false;
  const node = value.producer;
  if (!node) return constantOf(value)?.dtype === 'float32' && toNumbers(value.constant!).every((v) => v >= 0);
  if (node.domain !== '') return false;
  const { nonNegative } = traitsOf(node);
  if (nonNegative === 'always') return true;
  if (node.op === 'Max') return node.inputs.some((x) => x && isNonNegative(x, looks));
  if (node.op === 'Clip') return node.inputs[1] !== undefined && isNonNegative(node.inputs[1], looks);
  const mayBeFloat = (x: Value) => x.type?.dtype.includes('float') ?? true;
  return nonNegative === 'kept' && node.inputs.every((x) => !x || !mayBeFloat(x) || isNonNegative(x, looks));
}
