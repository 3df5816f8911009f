/**
 * Brings what surrounds a ternary convolution or Gemm T to the form `(T x + b) s` with s >= 0, or `T x + b` alone.
 * 1. A weight that is computed as T * s, with s one factor or one per filter, becomes T; the product goes behind.
 * 2. (T x + b) s + t, read by an unpadded linear node W alone: the constant part goes into W's bias, as W (b s + t).
 * 3. Otherwise (T x + b) s + t = (T x + (b + t / s)) s. A dead filter, without a weight or with an s that is below half a
 *    unit in the last place of the others' largest or below 1e-20, becomes all zeros with the largest s (1 if all are dead)
 *    and the bias for it. (A batch norm divides a filter without weights by the root of its epsilon: that s means nothing.)
 * 4. Where s < 0 the signs of the filter's weights, of its bias and of s flip.
 * Ternary weights stay ternary throughout. Rules 3 and 4 need weights that no other node reads.
 */

import { type Graph, isTernary, type Node, type Tensor, type Value } from '../ir/index.ts';
import { traitsOf } from '../ops/index.ts';
import { evaluateNode } from '../ops/reference.ts';
import { bypass, type ChannelOp, channelOp, constantOf, insertAfter, setValues, soleReader } from './channels.ts';
import { inferShapes } from './infer-shapes.ts';
import { Linear } from './linear.ts';

const halfUnit = 2 ** -24;

/** Quotients by smaller factors could leave the range of float32. */
const smallest = 1e-20;

/** Rewrites in place, refreshing types; true when something changed. Rule 1 alone is `liftWeightScales`. */
export function settleTernary(graph: Graph): boolean {
  let changed = liftWeightScales(graph);
  for (const node of [...graph.nodes]) {
    const linear = Linear.of(node);
    if (linear && isTernary(linear.weight.constant!) && settle(linear)) changed = true;
  }
  return changed;
}

/** Rule 1. Must run before constants are folded, which would multiply T by its scale. */
export function liftWeightScales(graph: Graph): boolean {
  inferShapes(graph);
  let changed = false;
  for (const node of [...graph.nodes]) {
    if ((node.op === 'Conv' || node.op === 'Gemm') && node.domain === '' && lift(node)) changed = true;
  }
  return changed;
}

/** The data of a constant, or of what is computed from constants as scales are. */
function evaluate(value: Value | undefined): Tensor | undefined {
  const node = value?.producer;
  if (!node) return constantOf(value);
  if (node.op === 'Mul' ? node.domain !== '' : !traitsOf(node).keepsOrder) return undefined;
  const inputs = node.inputs.map(evaluate);
  return inputs.every((t) => t) ? evaluateNode(node, inputs)[0] : undefined;
}

/** One factor per filter from a scale that broadcasts to the weights, or undefined if it varies along other axes. */
function filterFactors(scale: Tensor, dims: readonly number[], axis: number): Float64Array | undefined {
  if (scale.dtype !== 'float32' || scale.dims.length > dims.length) return undefined;
  const aligned = [...new Array<number>(dims.length - scale.dims.length).fill(1), ...scale.dims];
  if (aligned.some((d, i) => d !== 1 && i !== axis)) return undefined;
  const data = scale.data as Float32Array;
  return Float64Array.from({ length: dims[axis]! }, (_, f) => data[data.length === 1 ? 0 : f]!);
}

function lift(node: Node): boolean {
  const product = node.inputs[1]?.producer;
  if (product?.op !== 'Mul' || product.domain !== '') return false;
  const operands = [product.input(0), product.input(1)] as const;
  const weight = operands.find((v) => constantOf(v) && isTernary(v.constant!) && v.shape.length > 1);
  const scale = evaluate(operands.find((v) => v !== weight));
  if (!weight || !scale) return false;
  const axis = node.op === 'Gemm' && !node.int('transB', 0) ? 1 : 0;
  const factors = filterFactors(scale, weight.constant!.dims, axis);
  if (!factors) return false;
  node.setInput(1, weight);
  const linear = Linear.of(node);
  if (!linear) {
    node.setInput(1, product.output());
    return false;
  }
  const { bias, hasBias } = linear;
  linear.removeBias();
  const scaled = insertAfter(node.output(), 'Mul', factors, `${node.name}_scale`);
  if (hasBias) insertAfter(scaled, 'Add', bias, `${node.name}_shift`);
  if (product.output().uses.size === 0 && !node.graph.outputs.includes(product.output())) node.graph.remove(product);
  return true;
}

/** The per-channel product or sum that alone reads `value`. */
function following(value: Value, op: ChannelOp['op']): ChannelOp | undefined {
  const found = channelOp(soleReader(value));
  return found?.op === op ? found : undefined;
}

function settle(linear: Linear): boolean {
  const x = linear.node.output();
  const mul = following(x, 'Mul');
  const scaled = mul ? mul.node.output() : x;
  const add = following(scaled, 'Add');
  const y = add ? add.node.output() : scaled;
  const scale = mul ? mul.values : new Float64Array(linear.filters).fill(1);
  const constant = linear.bias.map((b, f) => b * scale[f]! + (add ? add.values[f]! : 0));

  const reader = soleReader(y);
  const next = reader?.inputs[0] === y ? Linear.of(reader) : undefined;
  if (next?.isUnpadded && next.inputs === linear.filters && (linear.hasBias || add)) {
    const response = next.response(constant);
    next.bias = next.bias.map((b, f) => b + response[f]!);
    linear.removeBias();
    if (add) bypass(add);
    if (mul) normalize(linear, mul);
    return true;
  }
  if (mul) return normalize(linear, mul, linear.hasBias || add ? constant : undefined, add);
  if (!add) return false;
  linear.bias = constant;
  bypass(add);
  return true;
}

/** Rules 3 and 4 for `s T x + constant`, of which `add` is a part; true when something changed. */
function normalize(linear: Linear, mul: ChannelOp, constant?: Float64Array, add?: ChannelOp): boolean {
  const { weighs } = linear;
  const largest = mul.values.reduce((most, s, f) => (weighs[f] ? Math.max(most, Math.abs(s)) : most), 0);
  const tiny = Math.max(halfUnit * largest, smallest);
  const dead = largest > tiny ? largest : 1;
  const isNormal = !add && mul.values.every((s, f) => (weighs[f] ? s > tiny : s === dead));
  if (!linear.ownsWeight || isNormal) return false;
  const signs = mul.values.map((s, f) => (!weighs[f] || Math.abs(s) <= tiny ? 0 : Math.sign(s)));
  const scale = mul.values.map((s, f) => (signs[f] ? Math.abs(s) : dead));
  if (signs.some((s) => s !== 1)) linear.scaleFilters(signs);
  if (constant) linear.bias = constant.map((c, f) => c / scale[f]!);
  if (add) bypass(add);
  setValues(mul, scale);
  return true;
}
