/**
 * Ternary weights whose filters have scales: `diag(s) T`. In 8-bit arithmetic a scale per filter costs nothing, since
 * each filter's sum is multiplied by a number of its own anyway when it becomes 8 bits again. While scales move about,
 * the graph's weights are the products, so that it can be run; T and s are kept here.
 */

import { f32, type Graph, isTernary, type Tensor, type Value } from '../../../ir/index.ts';
import { Linear } from '../../../passes/index.ts';

export interface ScaledTernary {
  /** -1, 0 and 1, in the shape of the weight. */
  readonly codes: Tensor;
  /** Above 0, one per filter. */
  readonly scales: Float64Array;
}

export class RowScales {
  private readonly ternary = new Map<Value, ScaledTernary>();

  /** Takes note of the ternary weights of `graph`; weights that several nodes read are copied for each. */
  constructor(graph: Graph) {
    for (const node of graph.nodes) {
      const linear = Linear.of(node);
      if (!linear) continue;
      const { weight } = linear;
      const own = linear.ownsWeight ? weight : graph.initializer(weight.name, weight.constant!);
      node.setInput(1, own);
      const codes = own.constant!;
      if (isTernary(codes)) this.ternary.set(own, { codes, scales: new Float64Array(linear.filters).fill(1) });
    }
  }

  /** The ternary form of a weight, undefined for full-precision ones. */
  get(weight: Value): ScaledTernary | undefined {
    return this.ternary.get(weight);
  }

  /** Gives a weight another shape with as many elements. */
  reshape(weight: Value, dims: readonly number[]): void {
    const known = this.ternary.get(weight);
    weight.constant = f32(dims, weight.constant!.data as Float32Array);
    weight.type = { dtype: 'float32', shape: dims };
    if (known) this.ternary.set(weight, { ...known, codes: f32(dims, known.codes.data as Float32Array) });
  }

  /** Multiplies filters and their biases. A negative factor flips the signs of a ternary filter, 0 clears it. */
  scale(linear: Linear, factors: Float64Array): void {
    if (linear.hasBias) linear.bias = linear.bias.map((b, f) => b * factors[f]!);
    this.scaleWeights(linear, factors);
  }

  /** Multiplies the inputs of a depthwise convolution, of which each filter sees one. */
  scaleDepthwiseInputs(linear: Linear, factors: Float64Array): void {
    const perInput = linear.filters / linear.inputs;
    const own = Float64Array.from({ length: linear.filters }, (_, f) => factors[Math.floor(f / perInput)]!);
    this.scaleWeights(linear, own);
  }

  private scaleWeights(linear: Linear, factors: Float64Array): void {
    const { weight } = linear;
    const known = this.ternary.get(weight);
    if (!known) {
      linear.scaleFilters(factors);
      return;
    }
    weight.constant = known.codes;
    if (factors.some((f) => f <= 0)) linear.scaleFilters(factors.map(Math.sign));
    const codes = weight.constant;
    const scales = known.scales.map((s, f) => (factors[f] === 0 ? 1 : s * Math.abs(factors[f]!)));
    linear.scaleFilters(scales);
    this.ternary.set(weight, { codes, scales });
  }
}
