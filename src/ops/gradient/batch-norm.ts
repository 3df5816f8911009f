/**
 * The gradient of a batch norm with batch statistics (Ioffe & Szegedy, arXiv 1502.03167), in two passes over the data.
 * With n elements per channel, v = 1 / sqrt(variance + epsilon), s = scale v and z = (x - mean) v:
 *
 *   dshift = sum dy,   dscale = sum dy z = v (sum dy x - mean sum dy)
 *   dx = s dy + [ -s dscale/n z - s dshift/n ]
 *
 * The bracket is itself the inference form of the operator, with scale -s dscale/n and shift -s dshift/n. Where the
 * statistics are those of several ranks (attribute `ranks`), so are the sums in the bracket; dscale and dshift are the rank's
 * own, since all gradients of parameters are averaged later.
 */

import { elementCount, float, type Value } from '../../ir/index.ts';
import { batchStatistics, channelDot, overRanks } from '../channel-sums.ts';
import { type GradientRule, gradientOfFirst } from './rule.ts';

export const trainingBatchNorm: GradientRule = (context) => {
  const { node, b, needs } = context;
  const dy = gradientOfFirst(context);
  const [x, scale] = [node.input(0), node.input(1)];
  const dims = x.dims;
  const axes = dims.map((_, i) => i).filter((i) => i !== 1);
  const n = elementCount(dims) / dims[1]!;
  const epsilon = node.float('epsilon', 1e-5);
  const ranks = node.int('ranks', 1);
  const { mean, variance } = batchStatistics(b, x, ranks);
  const v = b.reciprocal(b.sqrt(b.add(variance, epsilon)));
  const dshift = b.reduceSum(dy, axes);
  const dot = channelDot(b, dy, x);
  // dscale of the products sum dy x and sum dy
  const scaled = (products: Value, sums: Value) => b.mul(v, b.sub(products, b.mul(mean, sums)));
  const dscale = scaled(dot, dshift);
  if (!needs(0)) return [null, dscale, dshift];
  const s = b.mul(scale, v);
  const share = b.mul(s, -1 / n);
  const [allDot, allShift] = overRanks(b, [dot, dshift], ranks) as [Value, Value];
  const inputs = [x, b.mul(share, scaled(allDot, allShift)), b.mul(share, allShift), mean, variance];
  const correction = b.op('BatchNormalization', inputs, { epsilon: float(epsilon) });
  const perChannel = b.reshape(s, [dims[1]!, ...Array<number>(dims.length - 2).fill(1)]);
  return [b.add(b.mul(dy, perChannel), correction), dscale, dshift];
};
