/**
 * Gives all channels of a tensor the same range, where that is free: between filters that have scales of their own in any
 * case and a depthwise convolution, whose filters see one channel each. With f ReLU, ReLU6 or bounds per channel,
 *
 *   W2 f(W1 x) = (W2 / k) f'(k W1 x),   f'(k y) = k f(y),   k > 0
 *
 * so that 256 levels serve each channel as well as if it had levels of its own. This also takes back what deployment
 * did when it moved scales of ternary filters past ReLU6 into the depthwise weights. The idea is Nagel et al.'s
 * cross-layer equalization, arXiv 1906.04721; they equalize the weights of both layers, which here need none of it.
 * Left out: tensors that a convolution over several channels reads, since there ternary weights cannot take 1 / k.
 */

import type { Graph, Value } from '../../../ir/index.ts';
import { Linear } from '../../../passes/index.ts';
import { takeTurn } from '../../../threads/turn.ts';
import type { Histogram } from './histogram.ts';
import { bestRange, levelsOf, type TensorPlan } from './ranges.ts';
import type { RowScales } from './row-scales.ts';
import { boundsOf, type Sources, scaleSources, sourcesOf } from './sources.ts';

/** A channel that hardly ever is above 0 would get a factor that its few values do not warrant. */
const largestFactor = 64;

/** The layers that read `value`, if all of them see each of its channels alone. */
function depthwiseReaders(value: Value): readonly Linear[] | undefined {
  const readers: Linear[] = [];
  for (const node of value.uses) {
    const linear = Linear.of(node);
    const isDepthwise = linear && node.op === 'Conv' && node.int('group', 1) === linear.inputs;
    if (!isDepthwise || !linear.ownsWeight || node.inputs[0] !== value) return undefined;
    readers.push(linear);
  }
  return readers.length > 0 && !value.graph.outputs.includes(value) ? readers : undefined;
}

/** For each channel the lowest of the upper bounds on the way from its source, infinite without any. */
function highestValues({ bounds }: Sources, channels: number): Float64Array {
  const highest = new Float64Array(channels).fill(Number.POSITIVE_INFINITY);
  for (const { node, from } of bounds) {
    for (const [c, high] of boundsOf(node)!.high.entries()) highest[from + c] = Math.min(highest[from + c]!, high);
  }
  return highest;
}

/**
 * Rewrites in place; resolves to what is known now of the tensors whose channels are equal, by name. AbortError after the
 * signal.
 */
export async function equalize(
  graph: Graph,
  histograms: ReadonlyMap<Value, Histogram>,
  rows: RowScales,
  signal?: AbortSignal,
): Promise<Map<string, TensorPlan>> {
  const plans = new Map<string, TensorPlan>();
  for (const [value, histogram] of histograms) {
    await takeTurn(signal);
    const readers = graph.find(value.name) === value ? depthwiseReaders(value) : undefined;
    const sources = readers && sourcesOf(value);
    const channels = Array.from({ length: histogram.channels }, (_, c) => bestRange(histogram.distribution(c)));
    if (!readers || !sources || channels.some(({ low }) => low < 0)) continue;
    const high = Math.max(...channels.map((range) => range.high));
    if (high === 0) continue;
    const bound = highestValues(sources, histogram.channels);
    const factors = Float64Array.from(channels, (range, c) => {
      const wanted = Math.min(largestFactor, high / (range.high || high));
      // the levels have to end within the bounds, for these to be implied
      return Math.max(wanted, high / bound[c]!);
    });
    const { name } = value;
    scaleSources(sources, factors, rows);
    for (const reader of readers)
      rows.scaleDepthwiseInputs(
        reader,
        factors.map((k) => 1 / k),
      );
    const means = histogram.means.map((mean, c) => mean * factors[c]!);
    plans.set(name, { levels: levelsOf({ low: 0, high }), means });
  }
  return plans;
}
