/**
 * Folds batch norms, and other per-channel products and sums, into the convolutions and Gemms before them.
 * 1. BatchNormalization(x; gamma, beta, mean, var) with constant statistics becomes Mul by s = gamma / sqrt(var + eps),
 *    then Add of beta - s mean, whatever their values: what is left must not depend on them.
 * 2. Two products become one, two sums too; (x + t) s becomes x s + t s.
 * 3. A product or sum behind a Concat whose inputs are convolutions is split over these.
 * 4. A sum goes into the bias before it: W x + b + t = W x + (b + t).
 * 5. A product goes into the weights before it: (W x + b) s = (s W) x + s b, unless they are ternary (scaled, they would
 *    not be) or another node reads them.
 * What cannot be folded stays as Mul and Add. Training batch norms stay too.
 */

import { type Graph, isTernary, type Node, type Value } from '../ir/index.ts';
import { isTrainingBatchNorm } from '../ops/arithmetic/training.ts';
import {
  bypass,
  type ChannelOp,
  channelOp,
  channelsOf,
  constantOf,
  emitChannelOp,
  setValues,
  soleReader,
} from './channels.ts';
import { inferShapes } from './infer-shapes.ts';
import { Linear } from './linear.ts';

const defaultEpsilon = 1e-5;

/**
 * Folds in place, refreshing types; true when something changed. Throws E_SHAPE for operands that cannot fit.
 *
 * @example
 * import { foldBatchNorm, loadModel } from 'tritbank/graph';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * foldBatchNorm(graph);
 * console.log(graph.nodes.some((node) => node.op === 'BatchNormalization')); // false
 */
export function foldBatchNorm(graph: Graph): boolean {
  inferShapes(graph);
  let changed = false;
  for (const node of [...graph.nodes]) if (lower(node)) changed = true;
  const rules = [merge, splitOverConcat, foldIntoLinear];
  const fire = (node: Node) => {
    const op = channelOp(node);
    return op !== undefined && soleReader(op.x) === node && rules.some((rule) => rule(op));
  };
  const sweep = () => [...graph.nodes].filter((node) => graph.has(node) && fire(node)).length > 0;
  while (sweep()) changed = true;
  return changed;
}

/** `conv_1_bn` scales by `conv_1_scale`. */
const stem = (name: string) => name.replace(/_(bn|batchnorm|batch_norm)$/i, '');

function lower(node: Node): boolean {
  if (node.op !== 'BatchNormalization' || node.domain !== '' || isTrainingBatchNorm(node)) return false;
  const tensors = [1, 2, 3, 4].map((i) => constantOf(node.input(i)));
  if (!tensors.every((t) => t?.dtype === 'float32') || !node.input(0).type?.shape) return false;
  const [gamma, beta, mean, variance] = tensors.map((t) => t!.data as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const epsilon = node.float('epsilon', defaultEpsilon);
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + epsilon));
  const shift = Float64Array.from(beta, (b, c) => b - mean[c]! * scale[c]!);
  const scaled = emitChannelOp(node.input(0), 'Mul', scale, `${stem(node.name)}_scale`, node);
  const x = emitChannelOp(scaled, 'Add', shift, `${stem(node.name)}_shift`, node);
  bypass({ node, x });
  return true;
}

function merge(op: ChannelOp): boolean {
  const before = channelOp(op.x.producer);
  if (!before) return false;
  if (before.op === op.op) {
    bypass(op);
    setValues(
      before,
      op.values.map((v, c) => (op.op === 'Mul' ? v * before.values[c]! : v + before.values[c]!)),
    );
    return true;
  }
  if (op.op === 'Add') return false;
  // (x + t) s: the product takes the place of the sum
  const terms = before.values.map((t, c) => t * op.values[c]!);
  const { name } = op.node;
  bypass(op);
  const y = emitChannelOp(before.x, 'Mul', op.values, name, before.node);
  before.node.setInput(before.node.inputs.indexOf(before.x), y);
  setValues({ ...before, x: y }, terms);
  return true;
}

/** True where a product or sum behind `value` could be folded: its producer is linear, up to products and sums. */
function endsInLinear(value: Value): boolean {
  for (let x = value; soleReader(x); ) {
    if (Linear.of(x.producer)) return true;
    const op = channelOp(x.producer);
    if (!op) return false;
    x = op.x;
  }
  return false;
}

function linearBefore(value: Value): Node {
  let x = value;
  for (let op = channelOp(x.producer); op; op = channelOp(x.producer)) x = op.x;
  return x.producer!;
}

function splitOverConcat(op: ChannelOp): boolean {
  const concat = op.x.producer;
  if (concat?.op !== 'Concat' || concat.domain !== '') return false;
  const axis = concat.int('axis');
  if ((axis < 0 ? axis + op.x.shape.length : axis) !== 1) return false;
  const parts = concat.inputs as Value[];
  if (!parts.every((p) => channelsOf(p) !== undefined && endsInLinear(p))) return false;
  let first = 0;
  for (const [i, part] of parts.entries()) {
    const values = op.values.slice(first, first + channelsOf(part)!);
    const name = `${linearBefore(part).name}_${op.op === 'Mul' ? 'scale' : 'shift'}`;
    concat.setInput(i, emitChannelOp(part, op.op, values, name, concat));
    first += values.length;
  }
  bypass(op);
  return true;
}

function foldIntoLinear(op: ChannelOp): boolean {
  const linear = Linear.of(op.x.producer);
  if (!linear) return false;
  if (op.op === 'Add') {
    linear.bias = linear.bias.map((b, c) => b + op.values[c]!);
  } else {
    if (!linear.ownsWeight || isTernary(linear.weight.constant!)) return false;
    linear.scaleFilters(op.values);
    if (linear.hasBias) linear.bias = linear.bias.map((b, c) => b * op.values[c]!);
  }
  bypass(op);
  return true;
}
