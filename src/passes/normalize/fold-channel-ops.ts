/**
 * Folds products, sums, differences and quotients with one constant per channel into the convolution or Gemm before them:
 *
 *   (W x + b) s = (s W) x + s b,   (W x + b) / s likewise with 1 / s,   W x + b +- t = W x + (b +- t)
 *
 * Batch norms stay, unlike in `foldBatchNorm`, and so does all that is behind them. Left out: what other nodes or the
 * graph's outputs need as it is between the two, products behind ternary weights.
 */

import { f32, type Graph, isTernary, type Node } from '../../ir/index.ts';
import { channelOp, constantOf, soleReader } from '../channels.ts';
import { inferShapes } from '../infer-shapes.ts';
import { Linear } from '../linear.ts';
import { removeDead } from '../remove-dead.ts';
import { replaceNode, skipNode } from '../replace.ts';

/** Folds in place, refreshing types; true when something changed. */
export function foldChannelOps(graph: Graph): boolean {
  inferShapes(graph);
  const changed = [...graph.nodes].filter((node) => {
    const plain = invert(node);
    return fold(plain) || plain !== node;
  });
  if (changed.length > 0) removeDead(graph);
  return changed.length > 0;
}

const isNormal = (value: number) => Math.abs(value) >= 2 ** -126 && Math.abs(value) <= 2 ** 127;

/** True for dimensions that, broadcast to `rank`, vary along axis 1 only. */
const isPerChannel = (dims: readonly number[], rank: number) =>
  dims.length <= rank && dims.every((d, i) => d === 1 || i + rank - dims.length === 1);

/** A difference or quotient behind a convolution or Gemm as a sum or product; any other node as it is. */
function invert(node: Node): Node {
  if (node.domain !== '' || (node.op !== 'Sub' && node.op !== 'Div')) return node;
  const [x, c] = [node.input(0), constantOf(node.input(1))];
  if (c?.dtype !== 'float32' || soleReader(x) !== node || !Linear.of(x.producer)) return node;
  if (!isPerChannel(c.dims, x.shape.length)) return node;
  const data = (c.data as Float32Array).map((v) => (node.op === 'Sub' ? -v : 1 / v));
  if (node.op === 'Div' && !data.every(isNormal)) return node;
  const constant = node.graph.initializer(
    `${node.input(1).name}_${node.op === 'Sub' ? 'negative' : 'inverse'}`,
    f32(c.dims, data),
  );
  return replaceNode(node, { op: node.op === 'Sub' ? 'Add' : 'Mul', inputs: [x, constant], attributes: {} });
}

function fold(node: Node): boolean {
  const op = channelOp(node);
  const linear = Linear.of(op?.x.producer);
  if (!op || !linear || soleReader(op.x) !== node) return false;
  if (op.op === 'Mul' && (!linear.ownsWeight || isTernary(linear.weight.constant!))) return false;
  if (!skipNode(node, op.x)) return false;
  if (op.op === 'Add') {
    linear.bias = linear.bias.map((b, c) => b + op.values[c]!);
    return true;
  }
  linear.scaleFilters(op.values);
  if (linear.hasBias) linear.bias = linear.bias.map((b, c) => b * op.values[c]!);
  return true;
}
