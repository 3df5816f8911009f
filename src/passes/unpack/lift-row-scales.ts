/**
 * Ternary weights with a scale for each filter, as integers behind a DequantizeLinear, become ternary float weights with
 * the product behind the layer:
 *
 *   Conv(x, DQ(T, s), b)  =  Conv(x, T, b / s) -> Mul(s)
 *
 * Likewise for Gemm. Where all scales are 1 there is no product. Left out: zero points other than 0, scales of 0, several
 * scales a filter.
 */

import { f32, type Graph, isTernary, type Node, type Tensor, toNumbers, type Value } from '../../ir/index.ts';
import { evaluateNode } from '../../ops/reference.ts';
import { constantOf, insertAfter } from '../channels.ts';
import { Linear } from '../linear.ts';

/** Rewrites in place, true when it did; constants in front of DequantizeLinear have to be computed, types known. */
export function liftRowScales(graph: Graph): boolean {
  const layers = graph.nodes.filter(({ op, domain }) => (op === 'Conv' || op === 'Gemm') && domain === '');
  return layers.filter(lift).length > 0;
}

const dequantizes = (node: Node | undefined): node is Node => node?.op === 'DequantizeLinear' && node.domain === '';

/** True when the node's weights were ternary integers. */
function lift(node: Node): boolean {
  const weights = node.inputs[1];
  const axis = node.op === 'Gemm' && !node.int('transB', 0) ? 1 : 0;
  const scaled = dequantizes(weights?.producer) ? ternaryOf(weights.producer, axis) : undefined;
  const bias = node.inputs[2];
  const values = bias && biasOf(bias);
  if (!scaled || (bias && !values)) return false;
  const { name, graph } = node;
  node.setInput(1, graph.initializer(`${name}_ternary_weight`, scaled.codes));
  if (bias) node.setInput(2, graph.initializer(bias.name, values!));
  const linear = Linear.of(node);
  if (!linear) {
    node.setInput(1, weights);
    if (bias) node.setInput(2, bias);
    return false;
  }
  const { scales } = scaled;
  if (scales.every((s) => s === 1)) return true;
  if (bias) linear.bias = linear.bias.map((b, f) => b / scales[f]!);
  insertAfter(node.output(), 'Mul', scales, `${name}_scale`);
  return true;
}

/** -1, 0 and 1 with the scales of their filters; undefined for any other weights. */
function ternaryOf(node: Node, axis: number): { readonly codes: Tensor; readonly scales: Float64Array } | undefined {
  const [integers, scale, zero] = node.inputs.map(constantOf);
  if (!integers || !scale || (node.inputs[2] && !zero?.data.every((z) => Number(z) === 0))) return undefined;
  const codes = f32(integers.dims, toNumbers(integers));
  if (!isTernary(codes)) return undefined;
  const filters = integers.dims[axis]!;
  const rank = integers.dims.length;
  const isShared = scale.data.length === 1;
  const along = (node.int('axis', 1) + rank) % rank;
  const isPerFilter = scale.dims.length === 1 && scale.data.length === filters && along === axis;
  const values = toNumbers(scale);
  if ((!isShared && !isPerFilter) || values.some((s) => s === 0)) return undefined;
  return { codes, scales: Float64Array.from({ length: filters }, (_, f) => values[isShared ? 0 : f]!) };
}

/** A bias in float, as it is or dequantized; undefined where it is not constant. */
function biasOf(value: Value): Tensor | undefined {
  const node = value.producer;
  if (!dequantizes(node)) return constantOf(value);
  const inputs = node.inputs.map((input) => input && constantOf(input));
  return inputs.every((tensor, i) => tensor || !node.inputs[i]) ? evaluateNode(node, inputs)[0] : undefined;
}
