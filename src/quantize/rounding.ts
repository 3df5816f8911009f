/**
 * Full-precision filters of few bits in training: their weights are multiples of a step that each filter learns,
 *
 *   q(w) = s round(clip(w / s, -Q, Q)),   Q = 2^(bits - 1) - 1
 *
 * straight through the rounding, so that the step has a gradient too (learned step size quantization: Esser et al., arXiv
 * 1902.08153, equations 1 to 3). The gradient of s is scaled by 1 / sqrt(n Q), n the weights of a filter (section 2.2), by
 * learning u with s = u / (n Q)^(1/4). Of many bits the step is not learned, but what the largest weight asks for, anew in each
 * step of training (Jacob et al., arXiv 1712.05877, section 3.1): there is nothing to gain from clipping, and the gradient of
 * the one weight at the border, times Q, would drive the step of all. Once as a subgraph for training, once on plain tensors
 * for the file.
 */

import { f32, type Tensor, type Value } from '../ir/index.ts';
import type { Builder } from '../ops/index.ts';
import type { QuantizedNetwork } from './apply.ts';
import { largestOf, roundWeight, stepOf } from './filter-steps.ts';
import { intercept } from './intercept.ts';

/** The initializer with what the filters learn of their steps. */
const stepsName = (weight: string) => `${weight}_steps`;

/** Parts of a step in a unit of what is learned, one for each filter. */
function unitsOf({ dims }: Pick<Tensor, 'dims'>, bits: readonly number[]): Float32Array {
  const size = dims.slice(1).reduce((product, d) => product * d, 1);
  return Float32Array.from(bits, (one) => (size * largestOf(one)) ** -0.25);
}

/** What the filters learn, at first. */
function firstSteps(weight: Tensor, bits: readonly number[]): Tensor<'float32'> {
  const units = unitsOf(weight, bits);
  const data = weight.data as Float32Array;
  const size = data.length / bits.length;
  const steps = bits.map((one, f) => stepOf(data.subarray(f * size, (f + 1) * size), one) / units[f]!);
  return f32([bits.length], steps);
}

const least = 1e-12;

/** Bits with which a filter's step is learned; of more it follows the largest weight. */
const isLearned = (bits: number) => bits < 7;

/** The step that reaches the largest weight. */
const widestOf = (row: Float32Array, bits: number) =>
  Math.max(row.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / largestOf(bits), least);

/**
 * Every rounded weight passes its quantizer, straight through. `network` is not changed; the steps are initializers of
 * their own, with values from `state` (by name), or such as suit the weights.
 *
 * @example
 * import { applyPlan, findLayers, inBits, loadModel, normalizeNetwork, toRounded } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { name, filters } = findLayers(graph)[0]!;
 * const network = applyPlan(graph, { layers: { [name]: inBits(filters, 4) } }, 1);
 * const training = toRounded(network, new Map());
 */
export function toRounded(network: QuantizedNetwork, state: ReadonlyMap<string, Tensor>): QuantizedNetwork {
  if (network.rounded.length === 0) return network;
  const graph = network.graph.clone();
  const fixed = new Set(network.fixed);
  for (const { name, bits } of network.rounded) {
    const weight = graph.value(name);
    const learned = bits.some(isLearned)
      ? graph.initializer(
          stepsName(name),
          state.get(stepsName(name)) ?? firstSteps(state.get(name) ?? weight.constant!, bits),
        )
      : undefined;
    intercept(weight, (w, b) => emitRounded(b, w, learned, bits, fixed));
  }
  return { ...network, graph, fixed };
}

/** `q(w)`; `learned` where some filters' steps are. Constants are added to `fixed`: they are not learned. */
function emitRounded(
  b: Builder,
  w: Value,
  learned: Value | undefined,
  bits: readonly number[],
  fixed: Set<string>,
): Value {
  const along = [bits.length, ...w.dims.slice(1).map(() => 1)];
  const perFilter = (name: string, values: readonly number[]): Value | number => {
    if (values.every((v) => v === values[0])) return values[0]!;
    const constant = b.constant(name, f32(along, values));
    fixed.add(constant.name);
    return constant;
  };
  const largest = bits.map(largestOf);
  const reach = perFilter('largest', largest);
  const widest = () => {
    const most = b.reduce(
      'ReduceMax',
      b.op('Abs', [w]),
      w.dims.slice(1).map((_, i) => i + 1),
      true,
    );
    const step = b.max(b.div(most, reach), least);
    return b.straightThrough(w, b.mul(b.op('Round', [b.div(w, step)]), step));
  };
  if (!learned) return widest();
  const units = perFilter('step_units', [...unitsOf(w.constant!, bits)]);
  const step = b.max(b.mul(b.reshape(learned, along), units), least);
  const low = perFilter(
    'least',
    largest.map((q) => -q),
  );
  const scaled = b.max(b.min(b.div(w, step), reach), low);
  const narrow = b.mul(b.straightThrough(scaled, b.op('Round', [scaled])), step);
  if (bits.every(isLearned)) return narrow;
  const share = bits.map((one) => (isLearned(one) ? 1 : 0));
  const others = share.map((one) => 1 - one);
  return b.add(b.mul(narrow, perFilter('learned', share)), b.mul(widest(), perFilter('widest', others)));
}

/**
 * The rounded weights as they are stored, by name, of a network that was trained with `toRounded`: `state` has the latent
 * weights and the steps, by name.
 */
export function roundedWeights(
  { graph, rounded }: QuantizedNetwork,
  state: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  return new Map(
    rounded.map(({ name, bits }) => {
      const weight = state.get(name) ?? graph.value(name).constant!;
      const learned = (state.get(stepsName(name)) ?? firstSteps(weight, bits)).data as Float32Array;
      const units = unitsOf(weight, bits);
      const data = weight.data as Float32Array;
      const size = data.length / bits.length;
      const steps = bits.map((one, f) =>
        isLearned(one)
          ? Math.max(learned[f]! * units[f]!, least)
          : widestOf(data.subarray(f * size, (f + 1) * size), one),
      );
      const values = Float32Array.from(data, (w, i) => {
        const f = Math.floor(i / size);
        return steps[f]! * roundWeight(w, steps[f]!, largestOf(bits[f]!));
      });
      return [name, f32(weight.dims, values)];
    }),
  );
}
