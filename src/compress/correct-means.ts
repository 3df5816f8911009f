/**
 * Biases that make up for what a decomposition does to the means of the outputs. With W the weights of a filter, W' what
 * its bank has instead, and m the mean of the inputs, the outputs are off by (W' - W) m on average, which the bias takes
 * back. Decompositions leave it out of their errors (they weigh these by the inputs' covariance), and so do predictions of
 * the loss (`statistics/predict.ts`).
 */

import { f32, type Graph, type Tensor, type Value } from '../ir/index.ts';
import { soleReader } from '../passes/channels.ts';
import { isTrainingBatchNorm, Linear } from '../passes/index.ts';
import { findLayers, type Layer } from '../quantize/index.ts';

/** A constant that is added to the outputs of a layer, or subtracted from them. */
interface Shift {
  readonly constant: Value;
  readonly sign: 1 | -1;
}

const isOwn = (value: Value | undefined): value is Value =>
  value?.constant?.dtype === 'float32' && value.uses.size === 1 && !value.graph.outputs.includes(value);

/** The bias of a layer, or the mean of the batch norm behind it; undefined where nobody but it has a constant to shift. */
function shiftOf({ node, filters }: Pick<Layer, 'node' | 'filters'>): Shift | undefined {
  const bias = node.inputs[2];
  if (bias) return isOwn(bias) && bias.constant!.data.length === filters ? { constant: bias, sign: 1 } : undefined;
  const reader = soleReader(node.output());
  if (reader?.op !== 'BatchNormalization' || isTrainingBatchNorm(reader)) return undefined;
  const mean = reader.inputs[3];
  return isOwn(mean) ? { constant: mean, sign: -1 } : undefined;
}

/** `graph` where all of the layers named have a constant to shift: a copy with biases of zero where one has none. */
export function withShifts(graph: Graph, names: ReadonlySet<string>): Graph {
  const isOpen = (layer: Layer) => names.has(layer.name) && !shiftOf(layer);
  if (!findLayers(graph).some(isOpen)) return graph;
  const copy = graph.clone();
  for (const { node } of findLayers(copy).filter(isOpen)) {
    const linear = Linear.of(node);
    // a new constant, which no other layer reads
    if (linear) node.setInput(2, copy.initializer(`${node.name}_bias`, f32([linear.filters], linear.bias)));
  }
  return copy;
}

/** The mean error of each ternary filter, which come last: (W' - W) m, [filters]. */
export type MeanErrors = ReadonlyMap<string, Float64Array>;

/** The constants of `base`, a network that `withShifts` has been through, that make up for mean errors, by name. */
export function correctMeans(base: Graph, errors: MeanErrors): Map<string, Tensor> {
  const corrected = new Map<string, Tensor>();
  for (const layer of findLayers(base)) {
    const error = errors.get(layer.name);
    const shift = error && shiftOf(layer);
    if (!shift) continue;
    const { dims, data } = shift.constant.constant!;
    const values = Float64Array.from(data as Float32Array);
    const first = values.length - error.length;
    for (const [i, e] of error.entries()) values[first + i]! -= shift.sign * e;
    corrected.set(shift.constant.name, f32(dims, values));
  }
  return corrected;
}
