/** Normalizations and softmax. */

import { elementCount } from '../../ir/index.ts';
import { axisOf } from '../arithmetic/errors.ts';
import { broadcastNumbers, count, numbers, type ReferenceRule, result, tensorOf } from './arrays.ts';
import { groupsAlong, mean } from './reduce.ts';

function variance(values: readonly number[], average: number): number {
  return mean(values.map((v) => (v - average) ** 2));
}

/**
 * scale (x - mean) / sqrt(variance + epsilon) + bias per channel. In training mode with the batch's own statistics,
 * and the running ones, `momentum old + (1 - momentum) new`, as further outputs.
 */
export const batchNormalization: ReferenceRule = (node) => {
  const { dims } = tensorOf(node, 0);
  const [x, scale, bias, oldMean, oldVariance] = [0, 1, 2, 3, 4].map((i) => numbers(node, i)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  const plane = elementCount(dims.slice(2));
  const channels = scale.length;
  const channelOf = (i: number) => Math.floor(i / plane) % channels;
  const training = node.int('training_mode', 0) === 1;
  const batch = training ? count(channels).map((c) => x.filter((_, i) => channelOf(i) === c)) : [];
  const means = training ? batch.map(mean) : oldMean;
  const variances = training ? batch.map((values, c) => variance(values, means[c]!)) : oldVariance;
  const epsilon = Math.fround(node.float('epsilon', 1e-5));
  const y = x.map((v, i) => {
    const c = channelOf(i);
    return (scale[c]! * (v - means[c]!)) / Math.sqrt(variances[c]! + epsilon) + bias[c]!;
  });
  if (!training) return [result(node, y)];
  const momentum = Math.fround(node.float('momentum', 0.9));
  const running = (old: number[], now: number[]) => now.map((v, c) => old[c]! * momentum + v * (1 - momentum));
  const statistics = [running(oldMean, means), running(oldVariance, variances)];
  return [result(node, y), ...statistics.slice(0, node.outputs.length - 1).map((s, i) => result(node, s, i + 1))];
};

/** (x - mean) / sqrt(variance + epsilon) over the axes from `axis` on, then scale and bias; with mean and 1 / deviation. */
export const layerNormalization: ReferenceRule = (node) => {
  const { dims } = tensorOf(node, 0);
  const axis = axisOf(node, node.int('axis', -1), dims.length);
  const size = elementCount(dims.slice(axis));
  const x = numbers(node, 0);
  const rows = Array.from({ length: elementCount(dims.slice(0, axis)) }, (_, i) => x.slice(i * size, (i + 1) * size));
  const epsilon = Math.fround(node.float('epsilon', 1e-5));
  const means = rows.map(mean);
  const inverses = rows.map((row, i) => 1 / Math.sqrt(variance(row, means[i]!) + epsilon));
  const scale = broadcastNumbers(node, 1, dims);
  const bias = node.inputs[2] ? broadcastNumbers(node, 2, dims) : undefined;
  const y = x.map((v, i) => {
    const row = Math.floor(i / size);
    return (v - means[row]!) * inverses[row]! * scale[i]! + (bias?.[i] ?? 0);
  });
  return [y, means, inverses].slice(0, node.outputs.length).map((values, i) => result(node, values, i));
};

/** `f(x, maximum, sum of exp(x - maximum))` along an axis. */
function softmaxLike(f: (x: number, maximum: number, sum: number) => number): ReferenceRule {
  return (node) => {
    const { dims } = tensorOf(node, 0);
    const axis = axisOf(node, node.int('axis', -1), dims.length);
    const inner = elementCount(dims.slice(axis + 1));
    const block = dims[axis]! * inner;
    const x = numbers(node, 0);
    const lineOf = (i: number) => Math.floor(i / block) * inner + (i % inner);
    const statistics = groupsAlong(node, [axis]).map(expSum);
    return [
      result(
        node,
        x.map((v, i) => {
          const { maximum, sum } = statistics[lineOf(i)]!;
          return f(v, maximum, sum);
        }),
      ),
    ];
  };
}

function expSum(values: readonly number[]): { maximum: number; sum: number } {
  const maximum = values.reduce((m, v) => Math.max(m, v), -Infinity);
  return { maximum, sum: values.reduce((s, v) => s + Math.exp(v - maximum), 0) };
}

export const softmax = softmaxLike((x, maximum, sum) => Math.exp(x - maximum) / sum);
export const logSoftmax = softmaxLike((x, maximum, sum) => x - maximum - Math.log(sum));

/** (x - mean) / sqrt(variance + epsilon) over the pixels of each channel of each image, then scale and bias per channel. */
export const instanceNormalization: ReferenceRule = (node) => {
  const { dims } = tensorOf(node, 0);
  const [x, scale, bias] = [0, 1, 2].map((i) => numbers(node, i)) as [number[], number[], number[]];
  const size = elementCount(dims.slice(2));
  const epsilon = Math.fround(node.float('epsilon', 1e-5));
  const planes = count(x.length / size).map((i) => x.slice(i * size, (i + 1) * size));
  const y = planes.flatMap((plane, i) => {
    const average = mean(plane);
    const inverse = 1 / Math.sqrt(variance(plane, average) + epsilon);
    const c = i % scale.length;
    return plane.map((v) => (v - average) * inverse * scale[c]! + bias[c]!);
  });
  return [result(node, y)];
};

/** x (bias + alpha / size sum x x)^-beta, the sum over `size` channels around that of x, as far as they are there. */
export const localResponse: ReferenceRule = (node) => {
  const { dims } = tensorOf(node, 0);
  const x = numbers(node, 0);
  const size = node.int('size');
  const [alpha, beta, bias] = [node.float('alpha', 1e-4), node.float('beta', 0.75), node.float('bias', 1)];
  const channels = dims[1]!;
  const plane = elementCount(dims.slice(2));
  const y = x.map((v, i) => {
    const c = Math.floor(i / plane) % channels;
    const from = Math.max(0, c - Math.floor((size - 1) / 2));
    const to = Math.min(channels - 1, c + Math.ceil((size - 1) / 2));
    let sum = 0;
    for (let k = from; k <= to; k++) sum += x[i + (k - c) * plane]! ** 2;
    return v * (bias + (alpha / size) * sum) ** -beta;
  });
  return [result(node, y)];
};
